"""Who may ask: Host, Origin and token."""

from __future__ import annotations

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from clew_lens.api.guard import COOKIE, Guard

TOKEN = "right-token"


def client(token: str = "") -> TestClient:
    """A client of a guarded application that says yes."""
    guarded = Guard(PlainTextResponse("yes"), token=token)
    return TestClient(guarded, base_url="http://127.0.0.1:4319", follow_redirects=False)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:4319", "localhost:4319", "LOCALHOST", "[::1]:4319"]
)
def test_the_loopback_by_any_name(host: str) -> None:
    """Each way to write this machine is let in."""
    assert client().get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:4319", "", "evil@x"]
)
def test_another_host_name_is_refused(host: str) -> None:
    """A name that was pointed at this machine (DNS rebinding) is turned away."""
    answer = client().get("/", headers={"host": host})
    assert answer.status_code == 403 and "127.0.0.1" in answer.json()["error"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:4319"]
)
def test_another_origin_is_refused(origin: str) -> None:
    """A page of another site, or of another port, can't call."""
    assert client().get("/", headers={"origin": origin}).status_code == 403


def test_the_own_origin_is_let_in() -> None:
    """The page's own calls carry its own address."""
    assert client().get("/", headers={"origin": "http://127.0.0.1:4319"}).status_code == 200


def test_without_the_token_nothing() -> None:
    """401, with a word on where the token is."""
    answer = client(TOKEN).get("/")
    assert answer.status_code == 401 and "printed" in answer.json()["error"]


@pytest.mark.parametrize("value", ["Bearer wrong", "Bearer ", "Basic right-token", "right-token"])
def test_a_wrong_token_is_refused(value: str) -> None:
    """Only the bearer scheme with the whole token counts."""
    assert client(TOKEN).get("/", headers={"authorization": value}).status_code == 401


def test_the_right_token_is_let_in() -> None:
    """As a bearer, from any host."""
    headers = {"authorization": f"Bearer {TOKEN}", "host": "lens.example"}
    assert client(TOKEN).get("/", headers=headers).status_code == 200


def test_the_address_with_the_token_leaves_a_cookie() -> None:
    """The token goes from the address into a cookie, which then suffices."""
    asker = client(TOKEN)
    answer = asker.get(f"/logs?token={TOKEN}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/logs")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert client(TOKEN).get("/", cookies={COOKIE: TOKEN}).status_code == 200
    assert client(TOKEN).get("/", cookies={COOKIE: "wrong"}).status_code == 401


def test_a_wrong_token_in_the_address() -> None:
    """No cookie for it."""
    answer = client(TOKEN).get("/?token=wrong")
    assert answer.status_code == 401 and "set-cookie" not in answer.headers


def test_a_foreign_origin_with_the_token_is_still_refused() -> None:
    """The token doesn't open the door to other sites."""
    headers = {"authorization": f"Bearer {TOKEN}", "origin": "https://evil.example"}
    assert client(TOKEN).get("/", headers=headers).status_code == 403
