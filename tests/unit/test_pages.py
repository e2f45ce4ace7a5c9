"""
What the pages about others' programs and about the outside say is so.
"""

from __future__ import annotations

import re

import pytest
import yaml

from target_oracle import about, metrics, report
from target_oracle.oracle import codes
from target_oracle.settings import SSH
from target_oracle.stages import LOADER, READER
from tests.program import CHECKOUT
from tests.unit.test_report import run, summary_of_a_run

PAGES = {
    name: (CHECKOUT / "docs" / f"{name}.md").read_text()
    for name in ("meltano", "dbt", "connections", "monitoring")
}


def yaml_blocks(page):
    found = re.findall(r"^```yaml\n(.*?)^```", PAGES[page], re.MULTILINE | re.DOTALL)
    return [yaml.safe_load(text) for text in found]


def test_the_loader_of_the_meltano_page_has_the_capabilities_that_there_are():
    ((loader,),) = (block["plugins"]["loaders"] for block in yaml_blocks("meltano"))
    assert set(loader["capabilities"]) <= set(about.CAPABILITIES)
    assert loader["name"] == about.NAME


def test_the_dbt_profile_is_one_of_dbt_oracle():
    profile, sources = yaml_blocks("dbt")
    (output,) = profile["warehouse"]["outputs"].values()
    assert output["type"] == "oracle"
    assert {"host", "port", "service", "user", "password", "schema", "threads"} <= set(output)
    assert sources["sources"][0]["tables"][0]["name"] == "public_album"


@pytest.mark.parametrize("text", [*codes.CERTIFICATES.values(), codes.UNTRUSTED, codes.ADVICE["DPY-6006"]])
def test_the_connections_page_knows_what_is_said_of_a_refused_certificate(text):
    assert text.partition(":")[0] in PAGES["connections"]


@pytest.mark.parametrize("member", [member.name for member in SSH])
def test_the_connections_page_knows_every_member_of_a_tunnel(member):
    assert f"`{member}`" in PAGES["connections"]


def test_the_monitoring_page_knows_every_stage():
    assert [stage for stage in (*READER, *LOADER) if stage not in PAGES["monitoring"]] == []


def test_the_monitoring_page_names_gauges_that_there_are():
    registry = metrics.registry_of(report.facts(run(), summary_of_a_run()))
    there = {family.name for family in registry.collect()}
    assert set(re.findall(r"target_oracle_[a-z_]+", PAGES["monitoring"])) <= there


def test_the_summary_on_the_monitoring_page_has_the_form_of_the_log():
    shown = re.search(r"^\d.*most of it was.*$", PAGES["monitoring"], re.MULTILINE).group()
    assert (
        re.sub(r"[\d.]+", "N", shown).partition("; most")[0]
        == re.sub(r"[\d.]+", "N", summary_of_a_run().stages.line()).partition("; most")[0]
    )
