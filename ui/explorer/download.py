"""The offer to fetch labelled pictures: what comes from where, how much and to where; a bar that counts as it comes."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from dataset.download import full_set as download
from dataset.download import samples
from dataset.download.kaggle import HOSTS
from dataset.download.progress import Progress, ProgressCallback
from dataset.explorer.catalogue import Catalogue
from dataset.index import DEFAULT_ROOT, dataset_root
from model.errors import ProjectError

_REQUESTED_KEY, _ERROR_KEY = "download_asked", "download_problem"
STOPPED_TEXT = (
    "The download stopped when the page was left or used. Nothing was laid down; of the whole set, the part that had "
    "come is kept: the same button goes on from there."
)


@dataclass(frozen=True)
class DownloadOption:
    """One button: what it says, how much comes, and what fetches it into a folder."""

    label: str
    size: str
    fetch: Callable[[Path, ProgressCallback], Path]


_OPTIONS = {
    "samples": DownloadOption(
        f"{samples.DEFAULT_SAMPLES} sample pictures",
        f"{samples.download_size(samples.DEFAULT_SAMPLES)}: a third each normal, bacterial and viral films of the official test split",
        lambda folder, report: samples.download_samples(folder, samples.DEFAULT_SAMPLES, report),
    ),
    "set": DownloadOption(
        "The whole set",
        f"{download.DOWNLOAD_SIZE}, of which 1.2 GB stay: {sum(download.EXPECTED.values()):,} films",
        lambda folder, report: download.download_full_set(folder, report),
    ),
}


def missing_images_notice(whole: Catalogue) -> None:
    """Say which pictures are on this computer and offer to fetch the others; nothing where all of them are."""
    if whole.unknown:
        st.warning(
            "Not shown are pictures in the folder of the set that this release was not measured on, for nothing is "
            f"known of them: {whole.unknown:,}.",
            icon=":material/help:",
        )
    if whole.here == len(whole.rows):
        return
    if whole.here:
        with st.expander(
            f"{whole.here:,} of {len(whole.rows):,} pictures are on this computer: fetch the others",
            icon=":material/download:",
            expanded=_REQUESTED_KEY in st.session_state or _ERROR_KEY in st.session_state,
        ):
            download_controls()
        return
    st.info(
        "No labelled pictures are on this computer. Labels, probabilities, mean radiographs, charts and the audit come "
        "with the release and are shown all the same.",
        icon=":material/image_not_supported:",
    )
    download_controls()


def download_controls() -> None:
    """Draw the two buttons; nothing is asked of any network before one is pressed."""
    asked = st.session_state.pop(_REQUESTED_KEY, None)
    problem = st.session_state.pop(_ERROR_KEY, None)
    st.markdown(
        "The labelled pictures are not part of this program. They can be fetched now: the public set of Kermany, Zhang "
        "and Goldbaum (2018), licence CC BY 4.0."
    )
    for column, (name, offer) in zip(st.columns(2), _OPTIONS.items(), strict=True):
        with column:
            st.button(
                offer.label,
                key=f"download_{name}",
                icon=":material/download:",
                on_click=_request,
                args=(name,),
                disabled=asked is not None,
                width="stretch",
            )
            st.caption(f"From {' and '.join(HOSTS)}, {offer.size}. Into {_folder()}.")
    if problem:
        st.error(problem, icon=":material/error:")
    if asked:
        _download(_OPTIONS[asked])


def _request(name: str) -> None:
    st.session_state[_REQUESTED_KEY] = name


def _folder() -> str:
    """The configured folder, by the name that it is configured by."""
    if os.environ.get("CHEST_XRAY_DIR"):
        return "the folder that `CHEST_XRAY_DIR` names"
    return f"`{DEFAULT_ROOT.as_posix()}` in the program's folder"


def _download(offer: DownloadOption) -> None:
    bar = st.progress(0.0, f"Asking {HOSTS[0]}")
    st.caption("Leave this page open until everything is there.")
    st.session_state[_ERROR_KEY] = STOPPED_TEXT  # unless it ends below: Streamlit ends a page by raising out of the bar
    try:
        offer.fetch(dataset_root(), lambda now: bar.progress(now.done / max(1, now.total), _progress_text(now)))
    except ProjectError as error:
        st.session_state[_ERROR_KEY] = str(error)
    else:
        st.session_state.pop(_ERROR_KEY, None)  # gone already where the page was used just now
    st.rerun()


def _progress_text(now: Progress) -> str:
    return f"{now.done:,} of {now.total:,} {now.what}"
