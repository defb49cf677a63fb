from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.builds.similarity import NEAR, at_most, signature, similarity

TRACE = """FAIL {name}
java.lang.IllegalArgumentException: {message}
	at shop.Cart.total(Cart.java:41)
	at shop.CartTest.{name}(CartTest.java:17)
	at org.junit.runners.ParentRunner.run(ParentRunner.java:363)
	at org.junit.runners.Suite.runChild(Suite.java:128)
	at org.apache.maven.surefire.junit4.JUnit4Provider.execute(JUnit4Provider.java:365)
	at org.apache.maven.surefire.booter.ForkedBooter.main(ForkedBooter.java:126)"""


def of(text: str, *tests: str, category: str = "test_failure") -> float:
    return similarity(signature(category, text, tests), LINE)


LINE = signature(
    "test_failure", "ValueError: total 17 is below the minimum of 500\nin /srv/a/cart.py", ["test_total[17]"]
)


def test_numbers_paths_order_and_variants_of_a_test_do_not_count() -> None:
    assert of("in /home/b/ci/cart.py\nValueError: total 3 is below the minimum of 900", "test_total[3]") == 1


def test_another_class_is_another_failure() -> None:
    same = signature("compile_error", "ValueError: total 17 is below the minimum of 500\nin /srv/a/cart.py")
    assert similarity(same, LINE) == at_most(same, LINE) == 0


def test_one_message_in_two_tests_is_two_failures() -> None:
    assert of("ValueError: total 1 is below the minimum of 5\nin /srv/a/cart.py", "test_rebate") < NEAR


def test_one_test_that_fails_for_another_reason_is_another_failure() -> None:
    assert of("ConnectionRefusedError: no answer from db", "test_total[17]") < NEAR


def test_a_shared_stack_makes_no_failure_the_same() -> None:
    one = signature("crash", TRACE.format(name="empty", message="cart 7 has no lines"))
    other = signature("crash", TRACE.format(name="rebate", message="coupon SPRING is over"))
    again = signature("crash", TRACE.format(name="empty", message="cart 12 has no lines"))
    assert similarity(one, other) < NEAR
    assert similarity(one, again) == 1


def test_one_more_line_of_the_same_failure_is_near() -> None:
    lines = "\n".join(f"src/cart.c:{k}: error: unknown type name 'price_t' in {w}" for k, w in enumerate("abcdef"))
    more = lines + "\nsrc/cart.c:9: error: unknown type name 'price_t' in g"
    assert NEAR <= similarity(signature("compile_error", lines), signature("compile_error", more)) < 1


TEXT = st.text(alphabet="ab \n(", max_size=40)
NAMES = st.lists(st.sampled_from(["test_a", "test_b", "test_c"]), max_size=3)


@given(TEXT, TEXT, NAMES, NAMES)
def test_it_is_symmetric_bounded_and_one_for_the_same(a: str, b: str, x: list[str], y: list[str]) -> None:
    left, right = signature("crash", a, x), signature("crash", b, y)
    near = similarity(left, right)
    assert near == similarity(right, left)
    assert 0 <= near <= at_most(left, right) + 1e-9 <= 1 + 1e-9
    if left.weights:
        assert abs(similarity(left, left) - 1) < 1e-9
