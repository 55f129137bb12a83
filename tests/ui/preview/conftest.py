"""Shared by the tests of the preview."""

import preview_answers
import pytest


@pytest.fixture
def dispatch() -> preview_answers.Recorder:
    return preview_answers.Recorder()


@pytest.fixture
def make_answer() -> preview_answers.MakeAnswer:
    return preview_answers.make_answer
