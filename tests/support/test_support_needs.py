"""A missing program skips a test, but not where every test must run."""

import pytest

from support.needs import needs, needs_library


def test_a_program_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert needs("sh").endswith("/sh")
    monkeypatch.setenv("PATH", "/nowhere")
    assert needs("chroot") == "/usr/sbin/chroot"


def test_a_missing_program_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TESTS_MUST_RUN", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"no-such-program is not installed"):
        needs("no-such-program")


def test_a_missing_library_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TESTS_MUST_RUN", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"libnone\.so is not installed"):
        needs_library("libnone.so")


def test_a_missing_program_fails_where_every_test_must_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TESTS_MUST_RUN", "1")
    with pytest.raises(pytest.fail.Exception, match=r"no-such-program is not installed"):
        needs("no-such-program")
