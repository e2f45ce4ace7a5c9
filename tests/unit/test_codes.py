"""
What each code means for a load, and that nothing of a row is told with it.
"""

from __future__ import annotations

import oracledb
import pytest

from target_oracle.oracle import codes
from target_oracle.oracle.codes import Action, classify, code_of, codes_of, describe, is_row_fault


def error(text):
    return oracledb.DatabaseError(text)


WANTED = {
    Action.REPLAY: "DPY-4011 DPY-4024 ORA-00028 ORA-00603 ORA-01012 ORA-02396 ORA-03113 ORA-03114 ORA-03135 "
    "ORA-02399 ORA-16456 ORA-12537 ORA-25408",
    Action.RETRY: "ORA-00054 ORA-00060 ORA-04020 ORA-04021 ORA-04061 ORA-04068 ORA-08177 ORA-30006 ORA-12801 "
    "ORA-12805 ORA-12838 ORA-12839 ORA-63300 ORA-63302",
    Action.ROW: "ORA-00001 ORA-01400 ORA-01438 ORA-12899 ORA-01461 ORA-01722 ORA-01861 ORA-02290 ORA-02291 "
    "ORA-20000 ORA-20999 ORA-01402 ORA-28115 ORA-11534 ORA-40875",
    Action.STOP: "ORA-01653 ORA-01654 ORA-01688 ORA-01536 ORA-01950 ORA-30036 ORA-01031 ORA-00942 ORA-00904 "
    "ORA-01013 ORA-04031 ORA-16000",
}


@pytest.mark.parametrize(
    ("action", "code"), [(action, code) for action, listed in WANTED.items() for code in listed.split()]
)
def test_a_failed_call_is_judged_by_its_code(action, code):
    assert classify(error(f"{code}: whatever the text may be")) is action


@pytest.mark.parametrize(
    "code",
    "DPY-6005 DPY-6000 DPY-4011 ORA-12514 ORA-12541 ORA-01033 ORA-01034 ORA-00020 ORA-03113".split(),
)
def test_a_connection_is_tried_again_where_that_may_help(code):
    assert classify(error(f"{code}: x"), connecting=True) is Action.CONNECT


@pytest.mark.parametrize(
    "code", "ORA-01017 ORA-28000 ORA-28001 ORA-01045 ORA-01005 ORA-12154 DPY-4000 DPY-3010".split()
)
def test_a_connection_is_not_tried_again_where_that_does_not_help(code):
    assert classify(error(f"{code}: x"), connecting=True) is Action.STOP


def test_a_locked_account_is_never_tried_again_even_when_the_connection_breaks_with_it():
    assert classify(error("ORA-28000: locked\nORA-03113: end-of-file"), connecting=True) is Action.STOP


def test_no_code_is_in_two_classes_but_for_those_of_a_lost_session():
    classes = [codes.REPLAY, codes.RETRY, codes.ROW]
    assert [one & other for n, one in enumerate(classes) for other in classes[n + 1 :]] == [frozenset()] * 3


def test_the_servers_code_is_told_before_the_drivers():
    assert code_of(error("DPY-4011: the connection was closed\nORA-03113: end-of-file")) == "ORA-03113"
    assert code_of(error("DPY-4011: the connection was closed")) == "DPY-4011"
    assert code_of(error("nothing of the kind")) is None


def test_codes_are_told_once_each():
    assert codes_of(error("ORA-00604: x\nORA-00060: y\nORA-00604: z")) == ("ORA-00604", "ORA-00060")


@pytest.mark.parametrize(
    ("code", "action"),
    [("ORA-00001", Action.ROW), ("ORA-01653", Action.STOP), ("ORA-00060", Action.RETRY)],
)
def test_what_a_parallel_server_met_counts_and_not_that_it_was_one(code, action):
    told = error(f"ORA-12801: error signaled in parallel query server P000\n{code}: x")
    assert classify(told) is action


@pytest.mark.parametrize("number", [1, 1400, 12899, 28115, 20000, 20500, 20999])
def test_a_batch_error_of_a_row_makes_a_reject(number):
    assert is_row_fault(number)


@pytest.mark.parametrize("number", [1653, 1536, 60, 8177, 3113, 1031, 942, 21000, 30036])
def test_a_batch_error_of_the_database_makes_none(number):
    assert not is_row_fault(number)


@pytest.mark.parametrize(
    "code", ["ORA-00001", "ORA-12899", "ORA-01722", "ORA-02290", "ORA-20123", "ORA-01438"]
)
def test_the_servers_text_is_not_told_where_it_may_quote_a_value(code):
    """
    From 23ai on, row values are in the texts; a trigger may put them there in any version.
    """
    assert "SECRET" not in describe(error(f"{code}: value 'SECRET' is refused"))
    assert code in describe(error(f"{code}: value 'SECRET' is refused"))


def test_the_text_of_the_network_is_told_with_its_advice():
    text = describe(
        error("DPY-6005: cannot connect to database (CONNECTION_ID=x).\nHelp: https://example.com/DPY-6005")
    )
    assert text == f"DPY-6005: cannot connect to database (CONNECTION_ID=x).: {codes.ADVICE['DPY-6005']}"


@pytest.mark.parametrize("code", sorted(codes.ADVICE))
def test_advice_is_told_with_its_code(code):
    assert codes.ADVICE[code] in describe(error(f"{code}: x"))
