"""JUnit XML: the shape that CI services read, whatever is in the texts."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from explorer.report.documents import JUnitCase, JUnitOutcome, junit

COUNTED = {JUnitOutcome.FAILURE: "failures", JUnitOutcome.ERROR: "errors"}


def check_shape(text: str) -> ElementTree.Element:
    """Parse a document, and hold it against the form that its readers expect."""
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    assert {"name", "tests", "failures", "errors", "time"} <= set(root.attrib)
    cases = list(root.iter("testcase"))
    assert int(root.attrib["tests"]) == len(cases)
    for suite in root:
        assert suite.tag == "testsuite"
        inside = list(suite)
        assert {case.tag for case in inside} == {"testcase"}
        assert int(suite.attrib["tests"]) == len(inside)
        for tag, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(suite.attrib[count]) == sum(case.find(tag) is not None for case in inside)
        for case in inside:
            assert {"name", "classname", "time"} == set(case.attrib)
            assert float(case.attrib["time"]) >= 0
            problems = [child for child in case if child.tag != "system-out"]
            assert len(problems) <= 1, "a case fails once"
            assert [child.tag for child in case][len(problems) :] in ([], ["system-out"])
            assert all("message" in problem.attrib for problem in problems)
    return root


def test_cases_are_counted_by_suite() -> None:
    root = check_shape(
        junit(
            "rr",
            [
                JUnitCase("alpine-3.24", "a", seconds=0.5),
                JUnitCase("debian-12", "a", JUnitOutcome.FAILURE, "disagrees", "did not start"),
                JUnitCase("alpine-3.24", "b", JUnitOutcome.SKIPPED, message="not tested"),
                JUnitCase("alpine-3.24", "c", JUnitOutcome.ERROR, message="no engine"),
            ],
        )
    )
    assert [(suite.attrib["name"], suite.attrib["tests"]) for suite in root] == [
        ("alpine-3.24", "3"),
        ("debian-12", "1"),
    ]
    assert (root.attrib["failures"], root.attrib["errors"], root.attrib["time"]) == (
        "1",
        "1",
        "0.500",
    )
    failure = root.find(".//failure")
    assert failure is not None
    assert failure.attrib == {"message": "did not start", "type": "disagrees"}


@given(
    st.builds(
        JUnitCase,
        st.text(),
        st.text(),
        st.sampled_from(JUnitOutcome),
        st.text(),
        st.text(),
        st.floats(0, 1e6),
        st.text(),
        st.lists(st.text(), max_size=3).map(tuple),
    )
)
def test_hostile_text_cannot_break_the_document(case: JUnitCase) -> None:
    check_shape(junit(case.name, [case]))
