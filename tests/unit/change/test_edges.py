"""What comes before what, and why: a table of a router's part, a server and its client."""

from __future__ import annotations

import pytest

from infra_ctl.change.edges import Standing, Turn, company, edges

WEB, OTHER = frozenset({"web/https"}), frozenset({"mail/smtp"})
NOTHING: frozenset[str] = frozenset()
PART = Standing(site="dc", kind="core", router="core")
SERVER = Standing(site="dc", kind="application", serves=WEB, partners=frozenset({"spare"}))
CLIENT = Standing(site="bk", kind="web", needs=frozenset({"server"}))


def order(**turns: Turn) -> list[tuple[str, str, str]]:
    return [(each.first, each.name, each.reason) for each in edges(turns, {"dc": ["core"], "bk": []})]


def routed(*names: str) -> list[tuple[str, str, str]]:
    return [("core", name, "it leads there") for name in names]


def test_a_router_comes_before_its_part_and_before_the_hosts_of_its_site() -> None:
    assert order(part=Turn(PART), server=Turn(SERVER), client=Turn(CLIENT)) == [
        ("server", "client", "it answers client"),
        ("core", "part", "it is the same router"),
        ("core", "server", "it leads there"),
    ]


@pytest.mark.parametrize(
    ("opens", "closes", "found"),
    [
        (WEB, NOTHING, ("part", "server", "it lets in who asks for web/https")),
        (WEB, WEB, ("part", "server", "it lets in who asks for web/https")),
        (NOTHING, WEB, ("server", "part", "it still answers for web/https")),
        (OTHER, NOTHING, None),
        (NOTHING, OTHER, None),
        (OTHER, WEB, None),
    ],
)
def test_a_part_opens_before_the_server_and_closes_after_it(
    opens: frozenset[str], closes: frozenset[str], found: tuple[str, str, str] | None
) -> None:
    own = ("core", "part", "it is the same router")
    said = set(order(part=Turn(PART, opens, closes), server=Turn(SERVER)))
    assert said - {own, *routed("server")} == ({found} if found else set())


@pytest.mark.parametrize(
    ("opens", "closes", "found"),
    [
        (NOTHING, NOTHING, ("server", "client", "it answers client")),
        (WEB, WEB, ("server", "client", "it answers client")),
        (NOTHING, WEB, ("client", "server", "it may still ask for web/https")),
    ],
)
def test_a_server_changes_before_its_client_and_closes_after_it(
    opens: frozenset[str], closes: frozenset[str], found: tuple[str, str, str]
) -> None:
    said = set(order(server=Turn(SERVER, opens, closes), client=Turn(CLIENT)))
    assert said - set(routed("server")) == {found}


def test_who_stands_in_for_whom_is_as_it_was_said() -> None:
    found = company({"server": Turn(SERVER)})
    assert (found.partners, found.kinds) == ({"server": {"spare"}}, {"server": "application"})
