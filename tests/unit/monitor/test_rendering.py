"""The stack's configuration: the same bytes each time, good to the tools that read it, all of it or none."""

from __future__ import annotations

import dataclasses
import json
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import bcrypt
import pytest
import yaml

from infra_ctl.city import City
from infra_ctl.errors import RefusedError, SecretError, UnusableError
from infra_ctl.inventory import Inventory
from infra_ctl.inventory.monitoring import MailServer, Thresholds
from infra_ctl.monitor.files import MonitorFile
from infra_ctl.monitor.grafana import boards
from infra_ctl.monitor.prometheus import sample_limits
from infra_ctl.monitor.rendering import installed_snmp_exporter, monitor_files, write
from infra_ctl.monitor.stack import Discovery, stack

VAULT = {
    "monitoring/web": "p: \"a'ss # {w",
    "monitoring/pager": "http://127.0.0.1:9/p?token=t0ken-of-the-pager",
    "snmp/auth": "auth-of-snmp: #1",
    "snmp/privacy": "privacy-of-snmp",
}
TOOLS = {"promtool", "amtool", "prometheus-blackbox-exporter", "prometheus-snmp-exporter"}


def files(city: City, discovery: Discovery = "http", *, is_plain: bool = False) -> tuple[MonitorFile, ...]:
    return monitor_files(stack(city, None, discovery, is_plain=is_plain), "en")


def monitored(city: City, **update: object) -> Inventory:
    """The inventory with something else in its monitoring.yaml."""
    monitoring = city.inventory.monitoring.model_copy(update=update)
    return city.inventory.model_copy(update={"monitoring": monitoring})


def read(folder: Path, name: str) -> Any:
    return yaml.safe_load((folder / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def folder(city: City, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("stack") / "monitor"
    write(files(city), place, VAULT)
    return place


def test_tools_that_are_here_find_it_good(city: City, tmp_path: Path) -> None:
    written = write(files(city, "file", is_plain=True), tmp_path / "monitor", VAULT)
    assert set(written.checked) == {tool for tool in TOOLS if shutil.which(tool)}
    assert set(written.absent) == TOOLS - set(written.checked)


def test_the_same_inventory_gives_the_same_bytes(city: City) -> None:
    first, second = files(city), files(city)
    assert [each.path for each in first] == sorted(each.path for each in first)
    assert [(each.path, each.text(VAULT)) for each in first] == [
        (each.path, each.text(VAULT)) for each in second
    ]


def test_secrets_are_in_files_that_only_their_owner_reads(folder: Path) -> None:
    holding = set()
    for path in folder.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            is_private = stat.S_IMODE(path.stat().st_mode) == 0o600
            assert is_private or not any(value in text for value in VAULT.values()), path
            assert "vault:" not in text, path
            holding |= {str(path.relative_to(folder))} if is_private else set()
    assert {"alertmanager.yml", "snmp.yml", "web/prometheus.yml", "web/password"} <= holding


def test_a_secret_of_any_characters_leaves_the_file_well_formed(folder: Path) -> None:
    assert read(folder, "snmp.yml")["if_mib"]["auth"]["password"] == VAULT["snmp/auth"]
    assert (folder / "web/password").read_text(encoding="utf-8") == VAULT["monitoring/web"]
    source = read(folder, "grafana/provisioning/datasources/infra-ctl.yaml")["datasources"][0]
    assert source["secureJsonData"]["basicAuthPassword"] == VAULT["monitoring/web"]
    assert source["jsonData"]["tlsAuthWithCACert"]
    assert source["jsonData"]["serverName"] == "dc-monitor-1.cantho.example"


APART = {"snmp_exporter": "0.23"}


@pytest.fixture(scope="module")
def later(city: City) -> City:
    """Whose snmp_exporter is newer than Debian 12's."""
    return dataclasses.replace(city, inventory=monitored(city, **APART))


def test_an_account_stands_apart_for_a_newer_snmp_exporter_and_targets_name_it(
    city: City, later: City
) -> None:
    old, new = (
        {file.path: yaml.safe_load(file.text(VAULT)) for file in files(each) if file.path.endswith(".yml")}
        for each in (city, later)
    )
    assert set(new["snmp.yml"]) == {"auths", "modules"}
    module, account = new["snmp.yml"]["modules"]["if_mib"], new["snmp.yml"]["auths"]["monitoring"]
    # What releases from 0.23 on know of each; they refuse any other key (config.Module and config.Auth).
    assert set(module) == {"walk", "get", "metrics", "max_repetitions", "retries", "timeout"}
    assert account == {**old["snmp.yml"]["if_mib"]["auth"], "version": 3}
    assert {**module, "version": 3, "auth": old["snmp.yml"]["if_mib"]["auth"]} == old["snmp.yml"]["if_mib"]
    params = [
        next(job["params"] for job in each["prometheus.yml"]["scrape_configs"] if job["job_name"] == "snmp")
        for each in (old, new)
    ]
    assert params == [{"module": ["if_mib"]}, {"module": ["if_mib"], "auth": ["monitoring"]}]


@pytest.mark.skipif(installed_snmp_exporter() != "0.21", reason="Debian 12's snmp_exporter is not installed")
def test_what_another_release_reads_is_not_asked_of_this_one(later: City, tmp_path: Path) -> None:
    written = write(files(later), tmp_path / "monitor", VAULT)
    assert "prometheus-snmp-exporter 0.23" in written.absent
    assert "prometheus-snmp-exporter" not in written.checked
    text = (tmp_path / "monitor/snmp.yml").read_text(encoding="utf-8")
    tool = shutil.which("prometheus-snmp-exporter") or ""
    (tmp_path / "snmp.yml").write_text(text, encoding="utf-8")
    done = subprocess.run([tool, "--dry-run", f"--config.file={tmp_path}/snmp.yml"], check=False)
    assert done.returncode != 0, "this one reads it: the releases are not told apart as they should"


def test_of_a_password_only_the_hash_is_written_and_another_in_each_file(folder: Path) -> None:
    hashes = {
        read(folder, f"web/{part}.yml")["basic_auth_users"]["prometheus"] for part in ("snmp", "blackbox")
    }
    assert len(hashes) == 2
    assert all(bcrypt.checkpw(VAULT["monitoring/web"].encode(), each.encode()) for each in hashes)


def test_a_password_that_bcrypt_does_not_take_whole_is_named(city: City, tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="vault:monitoring/web has 73 bytes, and a bcrypt hash takes 72"):
        write(files(city), tmp_path / "monitor", {**VAULT, "monitoring/web": "a" * 73})
    assert list(tmp_path.iterdir()) == []


def test_who_logs_in_nowhere_needs_no_secret() -> None:
    server: dict[str, Any] = {"smarthost": "mail.example:25", "sender": "a@b.example"}
    assert MailServer(**server).secret is None
    assert MailServer(**server, user="a@b.example").secret == "vault:monitoring/mail"
    assert MailServer(**server, user="a@b.example", secret="vault:own").secret == "vault:own"


def test_without_a_vault_secrets_stay_references(city: City, tmp_path: Path) -> None:
    write(files(city), tmp_path / "monitor", None)
    assert read(tmp_path / "monitor", "snmp.yml")["if_mib"]["auth"]["password"] == "vault:snmp/auth"


def test_a_missing_secret_is_named_and_nothing_is_written(city: City, tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="not in the vault: snmp/auth"):
        write(
            files(city),
            tmp_path / "monitor",
            {name: value for name, value in VAULT.items() if name != "snmp/auth"},
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_what_a_tool_refuses_leaves_the_folder_as_it_was(city: City, tmp_path: Path) -> None:
    place = tmp_path / "monitor"
    good = files(city, is_plain=True)
    write(good, place, VAULT)
    bad = MonitorFile("rules/own.yml", "groups: [{name: a, rules: [{record: a, expr: 'sum('}]}]\n")
    with pytest.raises(RefusedError, match=r"promtool check: .*own\.yml"):
        write([*good, bad], place, VAULT)
    assert not (place / "rules/own.yml").exists()
    assert (place / "prometheus.yml").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["monitor"]


def test_a_folder_with_other_files_is_not_replaced(city: City, tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").write_text("ten years", encoding="utf-8")
    with pytest.raises(RefusedError, match="name another folder"):
        write(files(city), tmp_path, VAULT)
    assert (tmp_path / "thesis.odt").read_text(encoding="utf-8") == "ten years"


def test_targets_come_over_http_or_from_files(city: City, folder: Path) -> None:
    jobs = {job["job_name"]: job for job in read(folder, "prometheus.yml")["scrape_configs"]}
    assert jobs["snmp"]["http_sd_configs"][0]["url"] == "https://10.20.0.19:9874/sd/snmp"
    texts = {file.path: file.text() for file in files(city, "file")}
    assert len(json.loads(texts["sd/snmp.json"])) == len(city.intents)
    jobs = {job["job_name"]: job for job in yaml.safe_load(texts["prometheus.yml"])["scrape_configs"]}
    assert jobs["snmp"]["file_sd_configs"] == [{"files": ["sd/snmp.json"]}]


def test_only_ours_say_themselves_of_whom_they_speak(folder: Path) -> None:
    jobs = {job["job_name"]: job for job in read(folder, "prometheus.yml")["scrape_configs"]}
    assert {name for name, job in jobs.items() if job.get("honor_labels")} == {
        "path",
        "video",
        "state",
        "controller",
    }
    assert all(job["sample_limit"] and job["label_limit"] for job in jobs.values())
    assert jobs["snmp"]["target_limit"] == 206


def test_limits_leave_room_for_what_the_inventory_explains(city: City) -> None:
    limits = sample_limits(city)
    assert limits["path"] > 2 * 850 * 20  # targets, and a histogram with its counters for each
    assert limits["controller"] > 2 * 6 * (99 + 142 + 89 + 103 + 26)


def test_plain_is_without_tls_and_passwords(city: City) -> None:
    texts = {file.path: file.text() for file in files(city, is_plain=True)}
    assert not [path for path in texts if path.startswith("web/")]
    assert "https://10." not in texts["prometheus.yml"]
    assert "basic_auth" not in texts["prometheus.yml"]


def test_only_a_monitoring_host_has_a_stack(city: City) -> None:
    with pytest.raises(UnusableError, match=r"'dc-monitor-2' .*did you mean 'dc-monitor-1'"):
        stack(city, "dc-monitor-2", "http", is_plain=True)
    assert stack(city, "bk-monitor-1", "http", is_plain=True).own(9090) == "10.36.0.19:9090"


def test_a_board_has_a_uid_of_its_own() -> None:
    def source(language: str, limits: Thresholds) -> dict[str, dict[str, object]]:
        return {"city": {"title": language, "load": limits.load}}

    assert boards("vi", Thresholds(load="80%"), [("ours", source)]) == {"city": {"title": "vi", "load": 0.8}}
    with pytest.raises(UnusableError, match="theirs: there is a board with the uid city already"):
        boards("vi", Thresholds(), [("ours", source), ("theirs", source)])


def test_pages_go_to_who_is_on_duty_and_owners_hear_of_what_is_theirs(folder: Path) -> None:
    config = read(folder, "alertmanager.yml")
    _, nobody, page, *owners, rest, new = config["route"]["routes"]
    assert (page["receiver"], page["continue"]) == ("duty", True)
    # What is larger, and looked at less often, is known before a ticket is told; a page waits for nothing.
    assert (page["group_wait"], config["route"]["group_wait"]) == ("30s", "5m")
    assert [each["routes"][0]["group_wait"] for each in owners] == ["30s", "30s"]
    assert new["matchers"] == ['alertname="InfraSiteNew"']
    assert [(each["receiver"], each["matchers"][0]) for each in owners] == [
        ("city-office", 'owner=~"van-phong-ubnd"'),
        ("home-affairs", 'owner=~"so-noi-vu"'),
    ]
    assert (nobody["receiver"], rest["receiver"], config["route"]["receiver"]) == (
        "nobody",
        "nobody",
        "operations",
    )


def test_what_always_fires_is_told_again_and_again_where_somebody_listens(city: City, folder: Path) -> None:
    first = read(folder, "alertmanager.yml")["route"]["routes"][0]
    assert (first["receiver"], first["matchers"]) == ("heartbeat", ['alertname="InfraWatchdog"'])
    assert (first["group_wait"], first["group_interval"], first["repeat_interval"]) == ("0s", "1m", "5m")
    without = dataclasses.replace(city, inventory=monitored(city, watchdog=None))
    config = next(file for file in files(without) if file.path == "alertmanager.yml").content
    assert config["route"]["routes"][0] == {"receiver": "nobody", "matchers": ['severity="none"']}


def test_each_alertmanager_is_known_by_the_name_on_its_own_certificate(folder: Path) -> None:
    found = read(folder, "prometheus.yml")["alerting"]["alertmanagers"]
    assert [(each["tls_config"]["server_name"], each["static_configs"]) for each in found] == [
        (f"{name}.cantho.example", [{"targets": [f"{address}:9093"]}])
        for name, address in (("dc-monitor-1", "10.20.0.19"), ("bk-monitor-1", "10.36.0.19"))
    ]
    assert {each["tls_config"]["ca_file"] for each in found} == {"/etc/infra-ctl/tls/authority.pem"}


@pytest.mark.parametrize(("secret", "written"), [("pa$HOME", "pa$$HOME"), ("$$", "$$$$")])
def test_grafana_takes_no_part_of_a_password_for_a_variable(city: City, secret: str, written: str) -> None:
    name = "grafana/provisioning/datasources/infra-ctl.yaml"
    made = next(file for file in files(city) if file.path == name)
    kept = yaml.safe_load(made.text({**VAULT, "monitoring/web": secret}))["datasources"][0]["secureJsonData"]
    assert kept["basicAuthPassword"] == written
    assert kept["tlsCACert"] == "$__file{/etc/infra-ctl/tls/authority.pem}"
    assert set(made.references()) == {"monitoring/web"}


def test_alertmanager_remembers_what_it_has_told_until_it_tells_it_again(folder: Path) -> None:
    longest = read(folder, "alertmanager.yml")["route"]["routes"][-1]["repeat_interval"]
    assert longest == "7d"
    assert f"--data.retention={8 * 24}h" in (folder / "defaults/alertmanager").read_text(encoding="utf-8")


def test_prometheus_keeps_what_fits_its_disk(city: City, folder: Path) -> None:
    text = (folder / "defaults/prometheus").read_text(encoding="utf-8")
    assert f"--storage.tsdb.retention.time={400 * 86400}s" in text
    assert f"--storage.tsdb.retention.size={200 << 30}B" in text
    without = dataclasses.replace(city, inventory=monitored(city, retention_bytes=None))
    assert ".retention.size" not in {file.path: file for file in files(without)}["defaults/prometheus"].text()


def test_a_sink_is_told_everything_and_the_receivers_nothing(city: City) -> None:
    for sink, expected in (
        ("http://127.0.0.1:9/", [{"url": "http://127.0.0.1:9/", "send_resolved": True}]),
        ("", None),
    ):
        made = stack(city, None, "http", is_plain=True, sink=sink)
        config = next(file for file in monitor_files(made, "en") if file.path == "alertmanager.yml").content
        assert "global" not in config
        duty = next(each for each in config["receivers"] if each["name"] == "duty")
        assert (duty.get("webhook_configs"), duty.get("email_configs")) == (expected, None)
