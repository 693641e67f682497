/* Shows that the server no longer has the session of this page; see session_end.py. */

let session; // of the latest run of a page in this tab
let hasEnded = false;

export default ({ data, parentElement }) => {
  hasEnded = Boolean(data.text) && (hasEnded || (session !== undefined && session !== data.session));
  session = data.session;
  const message = parentElement.querySelector("[role=alert]");
  message.hidden = !hasEnded;
  message.textContent = data.text;
};
