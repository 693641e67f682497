"""Download of labelled images from a page: source, size, target folder and progress bar."""

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
from model.translation import N_, ngettext
from model.translation import gettext as _

_REQUESTED_KEY, _ERROR_KEY = "download_requested", "download_error"
NO_IMAGES_TEXT = N_(
    "There are no labelled images on this computer. Labels, probabilities, mean radiographs, charts and the audit are "
    "part of the release and can still be viewed."
)
STOPPED_TEXT = N_(
    "The download stopped because you left the page or clicked something on it. No images were saved. A partial "
    "download of the complete data set is kept: press the same button to resume it."
)


@dataclass(frozen=True)
class DownloadOption:
    """One of the downloads.

    Attributes:
        label: Label of the button.
        description: Content and size, in one sentence.
        download: Downloads into a folder.
    """

    label: str
    description: str
    download: Callable[[Path, ProgressCallback], Path]


def show_missing_images(catalogue: Catalogue) -> None:
    """Show how many images are on this computer, and offer to download the rest; draw nothing if none is missing."""
    if n_unknown := catalogue.n_unknown:
        st.warning(
            ngettext(
                "{n:,} image in the data set folder is not shown, because this release has no results for it.",
                "{n:,} images in the data set folder are not shown, because this release has no results for them.",
                n_unknown,
            ).format(n=n_unknown),
            icon=":material/help:",
        )
    total = len(catalogue.rows)
    if catalogue.n_on_disk == total:
        return
    if catalogue.n_on_disk:
        with st.expander(
            _("{n:,} of {total:,} images are on this computer. Download the rest.").format(
                n=catalogue.n_on_disk, total=total
            ),
            icon=":material/download:",
            expanded=_REQUESTED_KEY in st.session_state or _ERROR_KEY in st.session_state,
        ):
            download_controls()
        return
    st.info(_(NO_IMAGES_TEXT), icon=":material/image_not_supported:")
    download_controls()


def download_controls() -> None:
    """Draw the download buttons. No network is used before one is pressed."""
    requested = st.session_state.pop(_REQUESTED_KEY, None)
    error = st.session_state.pop(_ERROR_KEY, None)
    options = _download_options()
    st.markdown(
        _(
            "The labelled images are not part of this program. You can download the public data set of Kermany, Zhang "
            "and Goldbaum (2018), which is licensed under CC BY 4.0."
        )
    )
    source = _("Source: {hosts}.").format(hosts=", ".join(HOSTS))
    for column, (name, option) in zip(st.columns(2), options.items(), strict=True):
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
            st.caption(f"{option.description} {source} {_target_sentence()}")
    if error:
        st.error(error, icon=":material/error:")
    if requested:
        _download(options[requested])


def _download_options() -> dict[str, DownloadOption]:
    n_samples, n_images = samples.DEFAULT_SAMPLES, sum(full_set.EXPECTED.values())
    samples_text = _(
        "Images from the official test split: one third each of normal, bacterial pneumonia and viral pneumonia "
        "({size})."
    )
    full_set_text = _("{n:,} images. The download is {size} and needs 1.2 GB once unpacked.")
    return {
        "samples": DownloadOption(
            _("{n} sample images from {host}").format(n=n_samples, host=HOSTS[0]),
            samples_text.format(size=samples.download_size(n_samples)),
            lambda folder, on_progress: samples.download_samples(folder, n_samples, on_progress),
        ),
        "set": DownloadOption(
            _("Complete data set from {host}").format(host=HOSTS[0]),
            full_set_text.format(n=n_images, size=_(full_set.DOWNLOAD_SIZE)),
            full_set.download_full_set,
        ),
    }


def _request(name: str) -> None:
    st.session_state[_REQUESTED_KEY] = name


def _target_sentence() -> str:
    """Name the target folder, or the variable that configures it."""
    if os.environ.get("CHEST_XRAY_DIR"):
        return _("Target: the folder set in `{variable}`.").format(variable="CHEST_XRAY_DIR")
    return _("Target: `{folder}` in the program's folder.").format(folder=DEFAULT_ROOT.as_posix())


def _download(option: DownloadOption) -> None:
    bar = st.progress(0.0, _("Connecting to {host}").format(host=HOSTS[0]))
    st.caption(_("Keep this page open until the download is complete."))
    st.session_state[_ERROR_KEY] = _(STOPPED_TEXT)  # remains if Streamlit ends the page while the bar moves
    try:
        option.download(dataset_root(), partial(_show_progress, bar))
    except ProjectError as error:
        st.session_state[_ERROR_KEY] = str(error)
    else:
        st.session_state.pop(_ERROR_KEY, None)  # already gone if the page has just been used
    st.rerun()


def _show_progress(bar: DeltaGenerator, progress: Progress) -> None:
    text = _("{done:,} of {total:,} {unit}").format(done=progress.done, total=progress.total, unit=_(progress.unit))
    bar.progress(progress.done / max(1, progress.total), text)
