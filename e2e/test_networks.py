"""Ways to reach an upstream: IPv6, HTTP/2, TLS with a company's authority, a parent proxy, credentials."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.installers import BOTH, PIP, UV, WITHHELD, Installer
from support.nginx import nginx
from support.packages import installed, requests_and_what_it_needs, wheel
from support.program import World
from support.tls import Authority, make_authority
from support.upstream import TODAY, Upstream

pytestmark = pytest.mark.parametrize("installer", BOTH, ids=str)
SECRET = ("alice", "s3cret/with:odd@signs")


def add_old_and_new(upstream: Upstream) -> None:
    upstream.add(wheel("thing", "1.0"))
    upstream.add(wheel("thing", "2.0", origin="evil"), age=TODAY)


def trust(world: World, authority: Authority) -> None:
    world.env["SSL_CERT_FILE"] = str(authority.certificate)


def decided(installer: Installer, world: World, *options: str, **settings: object) -> None:
    """The old release is installed, and the new one is withheld in the installer's own words."""
    installer.install(world, "thing", options=options, **settings).succeeded()
    assert installed(world.site) == {"thing": "1.0"}
    result = installer.install(world, "thing==2.0", options=options, **settings).failed()
    result.says(installer.quotes(WITHHELD), "waits 3 days")


@pytest.mark.parametrize("place", ["http 127.0.0.1", "http ::1", "https 127.0.0.1", "https ::1"])
def test_ipv4_and_ipv6_with_and_without_tls(
    place: str, installer: Installer, make_upstream: object, authority: Authority, world: World
) -> None:
    scheme, host = place.split()
    if place == "https ::1" and installer is UV:
        # uv 0.13.8 cannot: "Invalid Server Name" for a bracketed address behind any proxy. We reach it, uv reaches us.
        scheme = "http"
    upstream = make_upstream(host=host, tls=authority.server_context() if scheme == "https" else None)
    add_old_and_new(upstream)
    trust(world, authority)
    decided(installer, world, "--upstream", upstream.url)


def test_an_http_2_upstream(
    installer: Installer, make_upstream: object, authority: Authority, world: World, tmp_path: Path
) -> None:
    upstream = make_upstream()
    with nginx(tmp_path / "nginx", upstream.origin, authority) as front:
        for package in requests_and_what_it_needs():
            upstream.add(package, url=f"{front.origin}/files/{package.filename}")
        trust(world, authority)
        installer.install(world, "requests", options=("--upstream", f"{front.origin}/simple/")).succeeded()
        assert installed(world.site)["requests"] == "2.32.2"
        assert front.protocols == {"HTTP/2.0"}


def test_an_authority_that_nobody_trusts_is_refused(
    installer: Installer, make_upstream: object, authority: Authority, world: World, tmp_path: Path
) -> None:
    """We stand between the installer and the upstream, so checking the certificate is ours to do."""
    upstream = make_upstream(tls=authority.server_context())
    add_old_and_new(upstream)
    other = make_authority(tmp_path, "another authority")
    trust(world, other)
    result = installer.install(world, "thing", options=("--upstream", upstream.url)).failed()
    assert installed(world.site) == {} and upstream.log == []
    result.says("certificate")


def test_a_parent_proxy_with_authentication(
    installer: Installer, make_upstream: object, make_proxy: object, authority: Authority, world: World
) -> None:
    upstream = make_upstream(tls=authority.server_context(), name="index.example")
    add_old_and_new(upstream)
    proxy = make_proxy(credentials=("proxy-user", "proxy-secret"))
    proxy.hosts["index.example"] = ("127.0.0.1", upstream.port)
    trust(world, authority)
    env = {"HTTPS_PROXY": proxy.url, "HTTP_PROXY": proxy.url}
    decided(installer, world, "--upstream", upstream.url, env=env)
    assert f"CONNECT index.example:{upstream.port}" in proxy.log
    assert proxy.refused == []


def test_a_parent_proxy_for_plain_http(
    installer: Installer, make_upstream: object, make_proxy: object, world: World
) -> None:
    upstream = make_upstream(name="index.example")
    add_old_and_new(upstream)
    proxy = make_proxy(credentials=("proxy-user", "proxy-secret"))
    proxy.hosts["index.example"] = ("127.0.0.1", upstream.port)
    env = {"http_proxy": proxy.url, "PIP_TRUSTED_HOST": "index.example"}
    decided(installer, world, "--upstream", upstream.url, env=env)
    assert proxy.log


def test_no_proxy_is_honoured_by_us_and_not_by_the_installer(
    installer: Installer, make_upstream: object, make_proxy: object, world: World
) -> None:
    upstream = make_upstream()
    add_old_and_new(upstream)
    proxy = make_proxy()
    env = {"HTTP_PROXY": proxy.url, "HTTPS_PROXY": proxy.url, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    decided(installer, world, "--upstream", upstream.url, env=env)
    assert proxy.log == []


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_no_proxy_for_everything_does_not_let_the_installer_go_around(
    name: str, installer: Installer, json_upstream: Upstream, world: World
) -> None:
    add_old_and_new(json_upstream)
    decided(installer, world, "--upstream", json_upstream.url, env={name: "*"})


def test_a_proxy_in_pips_configuration_does_not_win_over_us(
    installer: Installer, json_upstream: Upstream, make_proxy: object, world: World
) -> None:
    """pip.conf's `proxy` is chained behind us; for uv it means nothing."""
    add_old_and_new(json_upstream)
    proxy = make_proxy()
    world.env["PIP_CONFIG_FILE"] = str(world.write("pip.conf", f"[global]\nproxy = {proxy.url}\n"))
    decided(installer, world, "--upstream", json_upstream.url)


@pytest.mark.parametrize("where", ["url", "netrc", "configuration"])
def test_an_upstream_with_credentials(
    where: str, installer: Installer, make_upstream: object, world: World
) -> None:
    upstream = make_upstream(credentials=SECRET)
    add_old_and_new(upstream)
    address = upstream.url_with(*SECRET)
    options: tuple[str, ...] = ()
    if where == "url":
        options = ("--upstream", address)
    elif where == "netrc":
        netrc = world.home / ".netrc"
        netrc.write_text(f"machine 127.0.0.1 login {SECRET[0]} password {SECRET[1]}\n")
        netrc.chmod(0o600)
        options = ("--upstream", upstream.url)
    elif installer is PIP:
        world.env["PIP_CONFIG_FILE"] = str(
            world.write("pip.conf", f"[global]\nindex-url = {address}\n")
        )
    else:
        world.env["UV_DEFAULT_INDEX"] = address
    decided(installer, world, *options)
    result = installer.install(world, "thing==2.0", options=options)
    assert SECRET[1] not in result.told and "s3cret" not in result.told.replace(address, ""), result


def test_without_its_credentials_the_upstream_gives_nothing_and_that_is_said(
    installer: Installer, make_upstream: object, world: World
) -> None:
    upstream = make_upstream(credentials=SECRET)
    add_old_and_new(upstream)
    result = installer.install(world, "thing", options=("--upstream", upstream.url)).failed()
    assert installed(world.site) == {}
    result.says("401")


def test_what_one_credential_may_see_another_may_not(
    installer: Installer, make_upstream: object, world: World
) -> None:
    """The page and the file are in our caches now; they are not for everybody."""
    upstream = make_upstream(credentials=SECRET)
    add_old_and_new(upstream)
    env = {"PIP_INDEX_URL": upstream.url_with(*SECRET), "UV_DEFAULT_INDEX": upstream.url_with(*SECRET)}
    installer.install(world, "thing", env=env).succeeded()
    world.again()
    other = upstream.url_with("mallory", "guess")
    installer.install(world, "thing", env={"PIP_INDEX_URL": other, "UV_DEFAULT_INDEX": other}).failed()
    assert installed(world.site) == {}


def test_files_on_another_host_of_the_sources_page(
    installer: Installer, make_upstream: object, world: World
) -> None:
    """As public indexes have it: pages here, files there. The file host needs no mention in the policy."""
    upstream, files = make_upstream(), make_upstream()
    for package, age in ((wheel("thing", "1.0"), {}), (wheel("thing", "2.0"), {"age": TODAY})):
        files.add(package, **age)
        upstream.add(package, url=f"{files.origin}/files/{package.filename}", **age)
    policy = world.policy(f'sources = ["index"]\n[party.index]\nupstream = "{upstream.url}"\n')
    decided(installer, world, "--policy", str(policy))
    assert files.body_requests("thing-1.0-py3-none-any.whl")
    assert not files.body_requests("thing-2.0-py3-none-any.whl")


def test_credentials_are_not_carried_to_the_file_host(
    installer: Installer, make_upstream: object, world: World
) -> None:
    upstream, files = make_upstream(credentials=SECRET), make_upstream(host="::1")
    package = wheel("thing", "1.0")
    files.add(package)
    upstream.add(package, url=f"{files.origin}/files/{package.filename}")
    installer.install(world, "thing", options=("--upstream", upstream.url_with(*SECRET))).succeeded()
    assert files.log and all("authorization" not in request.headers for request in files.log)
