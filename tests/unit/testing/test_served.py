import threading
from urllib.request import Request, urlopen

import orjson

from sbtransfer.simulator import Platform
from sbtransfer.testing import ServedPlatform


def test_a_platform_is_served_while_the_block_lasts() -> None:
    platform, before = Platform(), threading.active_count()
    with ServedPlatform(platform) as served:
        assert served.url == platform.base_url
        request = Request(f"{served.url}/user", headers={"X-SBG-Auth-Token": platform.token})
        with urlopen(request) as answer:
            assert orjson.loads(answer.read())["username"] == "rfranklin"
    assert threading.active_count() == before
    assert [path for _, _, path, _ in platform.requests_log] == ["/user"]
