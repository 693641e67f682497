"""Download of labelled images from a page: source, size and target, and a progress bar."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dataset.download import full_set, samples
from dataset.download.kaggle import HOSTS
from dataset.download.progress import Progress, ProgressCallback
from dataset.explorer.catalogue import Catalogue
from dataset.index import DEFAULT_ROOT, dataset_root
from model.errors import ProjectError

_REQUESTED_KEY, _ERROR_KEY = "download_requested", "download_error"
STOPPED_TEXT = (
    "The download stopped when the page was left or used. Nothing was laid down; of the whole set, the part that had "
    "come is kept: the same button goes on from there."
)


@dataclass(frozen=True)
class DownloadOption:
    """One of the downloads.

    Attributes:
        label: Label of the button.
        size: How much is downloaded, as text.
        download: Downloads into a folder.
    """

    label: str
    size: str
    download: Callable[[Path, ProgressCallback], Path]


_OPTIONS = {
    "samples": DownloadOption(
        f"{samples.DEFAULT_SAMPLES} sample pictures",
        f"{samples.download_size(samples.DEFAULT_SAMPLES)}: a third each normal, bacterial and viral films of the "
        "official test split",
        lambda folder, on_progress: samples.download_samples(folder, samples.DEFAULT_SAMPLES, on_progress),
    ),
    "set": DownloadOption(
        "The whole set",
        f"{full_set.DOWNLOAD_SIZE}, of which 1.2 GB stay: {sum(full_set.EXPECTED.values()):,} films",
        full_set.download_full_set,
    ),
}


def show_missing_images(catalogue: Catalogue) -> None:
    """Draw how many images are on this computer and the download of the others; nothing if all are."""
    if catalogue.n_unknown:
        st.warning(
            "Not shown are pictures in the folder of the set that this release was not measured on, for nothing is "
            f"known of them: {catalogue.n_unknown:,}.",
            icon=":material/help:",
        )
    if catalogue.n_on_disk == len(catalogue.rows):
        return
    if catalogue.n_on_disk:
        with st.expander(
            f"{catalogue.n_on_disk:,} of {len(catalogue.rows):,} pictures are on this computer: fetch the others",
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
    """Draw the download buttons. No network is used before one is pressed."""
    requested = st.session_state.pop(_REQUESTED_KEY, None)
    error = st.session_state.pop(_ERROR_KEY, None)
    st.markdown(
        "The labelled pictures are not part of this program. They can be fetched now: the public set of Kermany, Zhang "
        "and Goldbaum (2018), licence CC BY 4.0."
    )
    for column, (name, option) in zip(st.columns(2), _OPTIONS.items(), strict=True):
        with column:
            st.button(
                option.label,
                key=f"download_{name}",
                icon=":material/download:",
                on_click=_request,
                args=(name,),
                disabled=requested is not None,
                width="stretch",
            )
            st.caption(f"From {' and '.join(HOSTS)}, {option.size}. Into {_folder()}.")
    if error:
        st.error(error, icon=":material/error:")
    if requested:
        _download(_OPTIONS[requested])


def _request(name: str) -> None:
    st.session_state[_REQUESTED_KEY] = name


def _folder() -> str:
    """Return the target folder, or the variable that configures it, as text."""
    if os.environ.get("CHEST_XRAY_DIR"):
        return "the folder that `CHEST_XRAY_DIR` names"
    return f"`{DEFAULT_ROOT.as_posix()}` in the program's folder"


def _download(option: DownloadOption) -> None:
    bar = st.progress(0.0, f"Asking {HOSTS[0]}")
    st.caption("Leave this page open until everything is there.")
    st.session_state[_ERROR_KEY] = STOPPED_TEXT  # stays if Streamlit ends the page, by an exception out of the bar
    try:
        option.download(dataset_root(), partial(_show_progress, bar))
    except ProjectError as error:
        st.session_state[_ERROR_KEY] = str(error)
    else:
        st.session_state.pop(_ERROR_KEY, None)  # a page that was used just now has removed it already
    st.rerun()


def _show_progress(bar: DeltaGenerator, progress: Progress) -> None:
    text = f"{progress.done:,} of {progress.total:,} {progress.unit}"
    bar.progress(progress.done / max(1, progress.total), text)
