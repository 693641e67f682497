"""The dataset explorer in a real browser: filter, gallery, detail, and a picture carried to the reading page."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.support.browser import IDLE, OVERFLOW, READY, served, watched

EXPLORER = "Dataset_explorer"


@pytest.fixture
def opened(chromium):
    """Opens an address in a window of its own; what it asks of other computers or complains of fails the test."""
    seen: list[str] = []
    contexts = []

    def at(url: str, script: str = "", **window):
        contexts.append(chromium.new_context(**({"viewport": {"width": 1440, "height": 900}} | window)))
        contexts[-1].add_init_script(script)
        tab = watched(contexts[-1], seen)
        tab.goto(url)
        tab.get_by_role("heading", level=1).wait_for()
        tab.wait_for_selector(IDLE)
        return tab

    yield at
    for context in contexts:
        context.close()
    assert seen == []


@pytest.fixture(scope="module")
def without_pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with served("app.py", folder / "log.txt", CHEST_XRAY_DIR=str(folder / "set")) as server:
        yield server


def pill(tab, words: str) -> None:
    """Choose a filter that changes how many are shown; by keyboard, for a mouse misses what moves."""
    before = shown(tab).inner_text()
    tab.get_by_test_id("stButtonGroup").get_by_role("button", name=words, exact=True).press("Enter")
    expect(shown(tab)).not_to_have_text(before)
    tab.wait_for_selector(IDLE)


def shown(tab):
    return tab.get_by_text(re.compile(r"^[\d,]+ of 5,856 pictures$"))


def count(tab) -> int:
    return int(shown(tab).inner_text().split()[0].replace(",", ""))


def address(tab) -> dict[str, list[str]]:
    return parse_qs(urlsplit(tab.url).query)


@pytest.mark.browser
@pytest.mark.dataset
def test_from_a_filter_to_the_gallery_to_a_picture_to_its_reading(opened, server):
    tab = opened(f"{server.url}/{EXPLORER}")
    assert count(tab) == 624
    pill(tab, "PNEUMONIA")
    pill(tab, "wrong")
    missed = count(tab)
    assert 0 < missed < 20
    assert address(tab) == {"class": ["PNEUMONIA"], "reader": ["wrong"], "point": ["balanced"]}
    tile = tab.get_by_role("button", name=re.compile("^person"), exact=False).first
    name = tile.inner_text()
    expect(tab.get_by_role("img", name="Chest radiograph, labelled PNEUMONIA")).to_have_count(missed)

    tile.press("Enter")
    tab.wait_for_selector(READY)
    expect(tab.get_by_role("heading", level=3).first).to_have_text(f"{name}.jpeg")
    stated = tab.get_by_test_id("stMetricValue").inner_text()
    tab.get_by_role("heading", name="Similar training cases, not a second opinion").wait_for()
    assert name not in tab.url

    tab.get_by_role("button", name="Read this one").press("Enter")
    tab.get_by_text("Read in this session (1)").wait_for()
    tab.wait_for_selector(READY)
    expect(tab.get_by_role("heading", level=1)).to_have_text("Read a radiograph")
    expect(tab.get_by_test_id("stMetricValue")).to_have_text(stated)

    tab.get_by_role("link", name="Dataset explorer").click()
    tab.get_by_role("button", name="Back to the pictures").press("Enter")
    tab.get_by_text(f"{missed} of 5,856 pictures").wait_for()


@pytest.mark.browser
@pytest.mark.dataset
def test_an_address_that_was_sent_shows_the_same_pictures(opened, server):
    sender = opened(f"{server.url}/{EXPLORER}")
    sender.get_by_test_id("stButtonGroup").get_by_role("radio", name="rule-in").press("Space")
    expect(sender).to_have_url(re.compile("point=rule-in"))
    pill(sender, "wrong")
    receiver = opened(sender.url)

    assert count(receiver) == count(sender)
    expect(receiver.get_by_role("radio", name="rule-in")).to_be_checked()


# React puts off what it has to do by a message to itself. Where that comes late, the browser still holds the address
# of before when it asks for the next run, and the server must not write that one back.
SLOW_REACT = """
    const post = MessagePort.prototype.postMessage;
    MessagePort.prototype.postMessage = function (...message) { setTimeout(() => post.apply(this, message), 50); };
"""


@pytest.mark.browser
@pytest.mark.dataset
def test_an_address_names_every_filter_though_the_browser_is_slow(opened, server):
    tab = opened(f"{server.url}/{EXPLORER}", script=SLOW_REACT)
    pill(tab, "PNEUMONIA")
    pill(tab, "wrong")

    expect(tab).to_have_url(re.compile("reader=wrong"))
    assert address(tab) == {"class": ["PNEUMONIA"], "reader": ["wrong"], "point": ["balanced"]}


@pytest.mark.browser
@pytest.mark.dataset
def test_the_last_page_of_the_whole_set_shows_the_pictures_that_are_left(opened, server):
    tab = opened(f"{server.url}/{EXPLORER}?split=training&split=validation&split=test&page=244")
    assert count(tab) == 5856
    pictures = tab.get_by_role("img", name=re.compile("^Chest radiograph, labelled"))
    expect(pictures).to_have_count(5856 - 243 * 24)
    tab.wait_for_load_state("networkidle")
    assert pictures.evaluate_all("all => all.every((one) => one.complete && one.naturalWidth === 224)")
    expect(tab.get_by_text("Not on this computer")).to_have_count(0)


@pytest.mark.browser
def test_without_pictures_the_page_is_worth_opening_and_says_how_to_get_them(opened, without_pictures):
    tab = opened(f"{without_pictures.url}/{EXPLORER}")
    tab.get_by_text("No labelled pictures are on this computer.").wait_for()
    for button in ("24 sample pictures", "The whole set"):
        expect(tab.get_by_role("button", name=button)).to_be_enabled()
    expect(tab.get_by_text("From api.kaggle.com and storage.googleapis.com")).to_have_count(2)
    expect(tab.get_by_role("img", name=re.compile("^Mean radiograph"))).to_have_count(4)
    tab.locator("canvas, svg.marks").nth(8).wait_for()

    tab.get_by_role("tab", name="Pictures").click()
    tab.get_by_text("Not on this computer").nth(23).wait_for()
    assert count(tab) == 624
    tab.get_by_role("tab", name="Audit").click()
    tab.get_by_text("All 5,856 pictures can be read.").wait_for()


@pytest.mark.browser
def test_a_phone_shows_two_tiles_side_by_side_and_never_scrolls_sideways(opened, without_pictures):
    tab = opened(
        f"{without_pictures.url}/{EXPLORER}?view=Pictures",
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
    )
    tiles = tab.get_by_role("button", name=re.compile(r"^IM-\d{4}"))
    tiles.nth(23).wait_for()
    first, second = (tiles.nth(n).bounding_box() for n in (0, 1))
    assert first["x"] + first["width"] < second["x"]
    contents = {
        "Pictures": tiles.nth(23),
        "Overview": tab.locator("canvas, svg.marks").nth(8),
        "Audit": tab.get_by_text("All 5,856 pictures can be read."),
    }
    for view, content in contents.items():
        tab.get_by_role("tab", name=view).click()
        content.wait_for()
        tab.wait_for_selector(IDLE)
        assert tab.evaluate(OVERFLOW) <= 0, view
