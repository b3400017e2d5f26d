"""The page of a report in a real browser, which has no network: what it shows, in light and in dark."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypeAlias

import pytest
from PIL import Image, ImageStat

from sbtransfer.cli.exits import Exit
from tests.acceptance.commands import PATIENCE, PROJECT, Served, sbtransfer, written

pytestmark = pytest.mark.usefixtures("folder")

Scheme: TypeAlias = Literal["dark", "light"]
Colour: TypeAlias = tuple[int, ...]

PREFERRED = {"dark": 0, "light": 1}  # as Chromium numbers what a page is told of the user's wish
SERIES = ("pending", "completed", "failed", "calls", "limit")
EVIL = "</code><script>document.body.innerHTML='taken over'</script><b>bold</b>"
TALL = 3600


@pytest.fixture(scope="module")
def browser() -> str:
    """A Chromium; where the project's own check runs there must be one."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("there is no Chromium to look at the page with: install the package chromium")
        pytest.skip("there is no Chromium to look at the page with")
    return found


def browse(browser: str, scheme: Scheme, url: str, *args: str) -> str:
    # Its sockets lie there: a longer path than that of such a folder is too long for them.
    with TemporaryDirectory(prefix="page-") as temporary:
        return _browse(browser, scheme, url, args, temporary)


def _browse(browser: str, scheme: Scheme, url: str, args: tuple[str, ...], temporary: str) -> str:
    done = subprocess.run(
        (
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--force-color-profile=srgb",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={temporary}/profile",
            f"--blink-settings=preferredColorScheme={PREFERRED[scheme]}",
            *args,
            url,
        ),
        env={"PATH": os.environ["PATH"], "HOME": temporary, "TMPDIR": temporary},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def page(served: Served) -> Path:
    """The page of a run of 600 items, of which a fifth failed; one of these has markup in its name."""
    rows = [
        (f"runs/{'missing' if n % 5 == 0 else 'here'}/{EVIL if n == 5 else ''}{n}.gz", f"s{n}")
        for n in range(600)
    ]
    args = ("import", written("list.csv", ("location", "ref"), rows), "--project", PROJECT)
    done = sbtransfer(*args, "--volume", "rfranklin/input", served=served)
    assert done.returncode == Exit.INCOMPLETE, done.stderr
    done = sbtransfer("report", "list.csv.sbtransfer", "--html", "report.html")
    assert done.returncode == Exit.COMPLETED, done.stderr
    return Path("report.html").absolute()


def shot(browser: str, scheme: Scheme, page: Path, width: int) -> Image.Image:
    path = Path(f"{scheme}-{width}.png").absolute()
    browse(browser, scheme, page.as_uri(), f"--window-size={width},{TALL}", f"--screenshot={path}")
    return Image.open(path).convert("RGB")


def brightness(image: Image.Image) -> float:
    """Return how bright an image is, from 0 to 255."""
    return ImageStat.Stat(image.convert("L")).mean[0]


def colours_of(page: Path, scheme: Scheme) -> dict[str, Colour]:
    light, dark = re.findall(r":root \{(.*?)\}", page.read_text(), re.DOTALL)
    named = re.findall(r"--(\w+): #(\w{6});", dark if scheme == "dark" else light)
    return {name: tuple(bytes.fromhex(digits)) for name, digits in named}


def counted(image: Image.Image) -> dict[Colour, int]:
    """Return how many pixels there are of each colour."""
    pixels = image.getcolors(image.width * image.height)
    assert pixels is not None
    return {colour: count for count, colour in pixels if isinstance(colour, tuple)}


def test_the_browser_shows_what_the_run_was(browser: str, page: Path) -> None:
    document = browse(browser, "light", page.as_uri(), "--dump-dom")
    body = document.partition("<body>")[2]
    text = re.sub(r"<[^>]*>", "", body)
    for part in (
        "list.csv",
        "480 completed + 120 failed + 0 unconfirmed + 0 unfinished = 600 read",
        "120 failed, code 9004",
        "… does not exist on volume ….",
        "'runs/missing/0.gz' does not exist on volume 'rfranklin/input'.",
        "create calls: at most",
        "sbtransfer retry list.csv.sbtransfer",
    ):
        assert part in text
    for name, number in (("read", "600"), ("completed", "480"), ("failed", "120")):
        assert re.search(rf'class="tile {name}"><b>{number}</b>', body)
    assert body.count('role="img"') == 2
    assert "taken over" not in re.sub(r"&lt;script&gt;.*?&lt;/script&gt;", "", body)
    assert "&lt;script&gt;document.body.innerHTML" in body
    assert "<b>bold" not in body


def test_the_scheme_is_what_the_user_prefers(browser: str) -> None:
    probe = Path("probe.html").absolute()
    probe.write_text(
        "<!DOCTYPE html><html><body><script>"
        "document.body.className = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'"
        "</script></body></html>"
    )
    for scheme in ("dark", "light"):
        assert f'<body class="{scheme}">' in browse(browser, scheme, probe.as_uri(), "--dump-dom")


def test_the_network_is_cut_off(browser: str, served: Served) -> None:
    probe = Path("probe.html").absolute()
    probe.write_text(
        f'<!DOCTYPE html><html><body><img src="{served.url}/user" onerror="document.body.className = 1">'
        "</body></html>"
    )
    assert '<body class="1">' in browse(browser, "light", probe.as_uri(), "--dump-dom")
    assert served.platform.requests_log == []


@pytest.mark.parametrize("width", [1200, 400])
def test_the_page_is_drawn_in_both_schemes(browser: str, page: Path, width: int) -> None:
    light, dark = (shot(browser, scheme, page, width) for scheme in ("light", "dark"))
    assert light.width == dark.width == width
    assert brightness(light) > 200
    assert brightness(dark) < 60
    for colours, image in ((colours_of(page, "light"), light), (colours_of(page, "dark"), dark)):
        pixels = counted(image)
        side = image.crop((width - 8, 0, width, TALL))
        assert counted(side).keys() == {colours["paper"]}  # nothing stands out
        assert len(pixels) > 50  # text has many shades; a blank page has one
        for series in SERIES:
            assert pixels.get(colours[series], 0) > 50, series
        assert pixels[colours["completed"]] > width * TALL / 400  # an area, and not a key of the legend alone
