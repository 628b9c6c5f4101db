"""The documents that are drawn from code are what would be drawn today."""

from tools.draw_transitions import PAGE, page


def test_the_page_of_transitions_is_what_the_table_says() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m tools.draw_transitions"
