"""The dataset explorer in a real browser: filters, gallery, detail, and an image opened on the reading page."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

import ui.frame
from tests.support.browser import CHART, IDLE, OVERFLOW, READY, open_watched_tab, serve
from ui.explorer.download import NO_IMAGES_TEXT
from ui.explorer.image_detail import BACK_LABEL, READ_LABEL
from ui.gallery import NOT_ON_DISK_TEXT
from ui.reading.session_table import TABLE_TITLE
from ui.similar_cases import SIMILAR_CASES_TITLE

EXPLORER = "Dataset_explorer"


@pytest.fixture
def open_url(chromium):
    """Return a function that opens a URL in a new window; external requests and script errors fail the test."""
    problems: list[str] = []
    contexts = []

    def open_window(url: str, script: str = "", **window):
        contexts.append(chromium.new_context(**({"viewport": {"width": 1440, "height": 900}} | window)))
        contexts[-1].add_init_script(script)
        tab = open_watched_tab(contexts[-1], problems)
        tab.goto(url)
        tab.get_by_role("heading", level=1).wait_for()
        tab.wait_for_selector(IDLE)
        return tab

    yield open_window
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture(scope="module")
def server_without_images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    folders = {"CHEST_XRAY_DIR": str(folder / "set"), "ADULT_XRAY_DIR": str(folder / "adults")}
    with serve("serve.py", folder / "log.txt", **folders) as server:
        yield server


def select_filter(tab, label: str) -> None:
    """Select a filter that changes the number of images, by keyboard, because a click can miss a control that moves."""
    before = count_text(tab).inner_text()
    tab.get_by_test_id("stButtonGroup").get_by_role("button", name=label, exact=True).press("Enter")
    expect(count_text(tab)).not_to_have_text(before)
    tab.wait_for_selector(IDLE)


def count_text(tab):
    return tab.get_by_text(re.compile(r"^[\d,]+ of 5,856 images$"))


def count(tab) -> int:
    return int(count_text(tab).inner_text().split()[0].replace(",", ""))


def query_of(tab) -> dict[str, list[str]]:
    return parse_qs(urlsplit(tab.url).query)


@pytest.mark.browser
@pytest.mark.dataset
def test_from_a_filter_to_the_gallery_to_an_image_to_its_reading(open_url, server):
    tab = open_url(f"{server.url}/{EXPLORER}")
    assert count(tab) == 624
    select_filter(tab, "PNEUMONIA")
    select_filter(tab, "incorrect")
    missed = count(tab)
    assert 0 < missed < 20
    assert query_of(tab) == {"class": ["PNEUMONIA"], "result": ["incorrect"], "point": ["balanced"]}
    expect(tab.get_by_role("img", name="Chest X-ray, labelled PNEUMONIA")).to_have_count(missed)

    name = min(tab.get_by_role("button", name=re.compile("^person")).all_inner_texts())
    tab.get_by_role("button", name=name, exact=True).press("Enter")
    tab.wait_for_selector(READY)
    tab.get_by_role("heading", level=3, name=f"{name}.jpeg").wait_for()
    probability = tab.get_by_test_id("stMetricValue").inner_text()
    tab.get_by_role("heading", name=SIMILAR_CASES_TITLE).wait_for()
    assert name not in tab.url

    tab.get_by_role("button", name=READ_LABEL).press("Enter")
    tab.get_by_text(TABLE_TITLE.format(count=1)).wait_for()
    tab.wait_for_selector(READY)
    expect(tab.get_by_role("heading", level=1)).to_have_text(ui.frame.MENU[0][1])
    expect(tab.get_by_test_id("stMetricValue")).to_have_text(probability)

    tab.get_by_role("link", name="Dataset explorer").click()
    tab.get_by_role("button", name=BACK_LABEL).press("Enter")
    tab.get_by_text(f"{missed} of 5,856 images").wait_for()


@pytest.mark.browser
@pytest.mark.dataset
def test_a_shared_url_shows_the_same_images(open_url, server):
    sender = open_url(f"{server.url}/{EXPLORER}")
    sender.get_by_test_id("stButtonGroup").get_by_role("radio", name="rule-in").press("Space")
    expect(sender).to_have_url(re.compile("point=rule-in"))
    select_filter(sender, "incorrect")
    receiver = open_url(sender.url)

    assert count(receiver) == count(sender)
    expect(receiver.get_by_role("radio", name="rule-in")).to_be_checked()


# React postpones work by sending a message to itself. If the message is late, the browser still has the earlier URL
# when it requests the next run, and the server must not write that URL back.
SLOW_REACT = """
    const post = MessagePort.prototype.postMessage;
    MessagePort.prototype.postMessage = function (...message) { setTimeout(() => post.apply(this, message), 50); };
"""


@pytest.mark.browser
@pytest.mark.dataset
def test_the_url_has_every_filter_even_if_the_browser_is_slow(open_url, server):
    tab = open_url(f"{server.url}/{EXPLORER}", script=SLOW_REACT)
    select_filter(tab, "PNEUMONIA")
    select_filter(tab, "incorrect")

    expect(tab).to_have_url(re.compile("result=incorrect"))
    assert query_of(tab) == {"class": ["PNEUMONIA"], "result": ["incorrect"], "point": ["balanced"]}


@pytest.mark.browser
@pytest.mark.dataset
def test_the_last_page_of_the_complete_set_shows_the_remaining_images(open_url, server):
    tab = open_url(f"{server.url}/{EXPLORER}?split=training&split=validation&split=test&page=244")
    assert count(tab) == 5856
    images = tab.get_by_role("img", name=re.compile("^Chest X-ray, labelled"))
    expect(images).to_have_count(5856 - 243 * 24)
    tab.wait_for_load_state("networkidle")
    assert images.evaluate_all("all => all.every((image) => image.complete && image.naturalWidth === 224)")
    expect(tab.get_by_text(NOT_ON_DISK_TEXT)).to_have_count(0)


@pytest.mark.browser
def test_without_images_the_page_has_content_and_offers_the_download(open_url, server_without_images):
    tab = open_url(f"{server_without_images.url}/{EXPLORER}")
    tab.get_by_text(NO_IMAGES_TEXT).wait_for()
    for button in ("24 sample images from api.kaggle.com", "Complete data set from api.kaggle.com"):
        expect(tab.get_by_role("button", name=button)).to_be_enabled()
    expect(tab.get_by_text("Source: api.kaggle.com, storage.googleapis.com.")).to_have_count(2)
    expect(tab.get_by_role("img", name=re.compile("^Mean radiograph"))).to_have_count(4)
    expect(tab.locator(CHART)).to_have_count(9)

    tab.get_by_role("tab", name="Images").click()
    expect(tab.get_by_text(NOT_ON_DISK_TEXT)).to_have_count(24)
    assert count(tab) == 624
    tab.get_by_role("tab", name="Audit").click()
    tab.get_by_text("All 5,856 images can be read.").wait_for()


@pytest.fixture(scope="module")
def server_with_adults(tmp_path_factory, adult_set):
    folder = tmp_path_factory.mktemp("server")
    folders = {"CHEST_XRAY_DIR": str(folder / "set"), "ADULT_XRAY_DIR": str(adult_set)}
    with serve("serve.py", folder / "log.txt", **folders) as server:
        yield server


@pytest.mark.browser
def test_another_population_keeps_the_label_in_the_url_but_not_the_order(open_url, server_with_adults):
    query = "population=children&view=Images&class=PNEUMONIA&order=highest+probability+first"
    tab = open_url(f"{server_with_adults.url}/{EXPLORER}?{query}")
    tab.get_by_role("radio", name="adults", exact=True).press("Space")

    tab.get_by_text("4 of 32 images").wait_for()
    expect(tab).not_to_have_url(re.compile("order="))
    assert query_of(tab)["class"] == ["PNEUMONIA"]


@pytest.mark.browser
def test_a_phone_shows_two_tiles_side_by_side_and_never_scrolls_sideways(open_url, server_without_images):
    tab = open_url(
        f"{server_without_images.url}/{EXPLORER}?view=Images",
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
    )
    tiles = tab.get_by_role("button", name=re.compile(r"^IM-\d{4}"))
    expect(tiles).to_have_count(24)
    left, right, *_ = (tile.bounding_box() for tile in tiles.all())
    assert left["x"] + left["width"] < right["x"]
    contents = {
        "Images": (tiles, 24),
        "Overview": (tab.locator(CHART), 9),
        "Audit": (tab.get_by_text("All 5,856 images can be read."), 1),
    }
    for view, (content, count) in contents.items():
        tab.get_by_role("tab", name=view).click()
        expect(content).to_have_count(count)
        tab.wait_for_selector(IDLE)
        assert tab.evaluate(OVERFLOW) <= 0, view
