"""Settings: where they come from, what is wrong with them, and what is never shown."""

from datetime import timedelta
from os import mkfifo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from notifier.configuration.environment import Environment, read_environment
from notifier.configuration.formats import Address
from notifier.configuration.read_settings import read_settings
from notifier.configuration.settings import Settings

TOKEN = "tok-3f9a-secret"
NOWHERE = Path("/nonexistent")


def environment(folder: Path, variables: dict[str, str] | None = None) -> Environment:
    """Read what lies in the folder; the host's zone is UTC unless its etc says more."""
    etc = folder / "etc"
    given = ({} if etc.exists() else {"TZ": "UTC"}) | (variables or {})
    return read_environment(given, folder=folder, secrets=folder / "secrets", etc=etc)


def settings(folder: Path, variables: dict[str, str] | None = None) -> Settings:
    reading = read_settings(environment(folder, variables))
    assert reading.faults == ()
    return reading.settings


def warnings(folder: Path, variables: dict[str, str]) -> list[str]:
    return [str(fault) for fault in read_settings(environment(folder, variables)).warnings]


def faults(folder: Path, variables: dict[str, str]) -> list[str]:
    return [str(fault) for fault in read_settings(environment(folder, variables)).faults]


def credential(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None


def test_nothing_given_means_the_documented_defaults(tmp_path: Path) -> None:
    assert settings(tmp_path) == Settings()
    assert Settings().poll_interval == timedelta(seconds=15)
    assert Settings().sweep_interval == timedelta(hours=6)
    assert Settings().database == Path("notifier.db")
    assert Settings().types == ("lead",)
    assert Settings().token is None


def test_settings_do_not_read_the_environment_behind_our_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NOTIFIER_RATE_LIMIT", "7")
    assert Settings().rate_limit == 90


def test_every_value_is_read_as_it_is_written(tmp_path: Path) -> None:
    read = settings(
        tmp_path,
        {
            "NOTIFIER_TYPES": "lead, Non-Lead,lead",
            "NOTIFIER_BASE_URL": "http://127.0.0.1:8080/",
            "NOTIFIER_SWEEP_INTERVAL": "0",
            "NOTIFIER_FIRST_RUN": "24h",
            "NOTIFIER_TIMEZONE": "Asia/Kolkata",
            "NOTIFIER_HTTP": "[::1]:8787",
            "NOTIFIER_LOG_LEVEL": "WARNING",
            "NOTIFIER_RETENTION": "1d12h",
        },
    )
    assert read.types == ("lead", "non-lead")
    assert read.base_url == "http://127.0.0.1:8080"
    assert read.sweep_interval == timedelta(0)
    assert read.first_run == timedelta(hours=24)
    assert read.timezone == ZoneInfo("Asia/Kolkata")
    assert read.http == Address(host="::1", port=8787)
    assert read.log_level == "warning"
    assert read.retention == timedelta(hours=36)


@pytest.mark.parametrize(("written", "age"), [("silent", timedelta(0)), ("Notify", None)])
def test_the_first_run_is_how_old_a_new_lead_may_be(
    tmp_path: Path, written: str, age: timedelta | None
) -> None:
    assert settings(tmp_path, {"NOTIFIER_FIRST_RUN": written}).first_run == age


def test_the_environment_beats_dotenv_which_beats_credentials(tmp_path: Path) -> None:
    systemd = tmp_path / "systemd"
    for name in ("notifier_bot_id", "notifier_customer_id", "notifier_token"):
        credential(systemd, name, f"systemd-{name}")
    credential(tmp_path / "secrets", "notifier_token", "container")
    credential(tmp_path / "secrets", "notifier_slack_token", "container")
    (tmp_path / ".env").write_text("NOTIFIER_BOT_ID=dotenv\nNOTIFIER_CUSTOMER_ID=dotenv\n")
    given = {"NOTIFIER_BOT_ID": "environment", "CREDENTIALS_DIRECTORY": str(systemd)}
    read = settings(tmp_path, given)
    assert read.bot_id == "environment"
    assert read.customer_id == "dotenv"
    assert secret(read.token) == "systemd-notifier_token"
    assert secret(read.slack_token) == "container"


def test_an_empty_variable_is_no_value(tmp_path: Path) -> None:
    credential(tmp_path / "secrets", "notifier_token", TOKEN)
    read = settings(tmp_path, {"NOTIFIER_TOKEN": "", "NOTIFIER_RATE_LIMIT": ""})
    assert secret(read.token) == TOKEN
    assert read.rate_limit == 90


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_the_newline_at_the_end_of_a_credential_is_no_part_of_it(
    tmp_path: Path, ending: str
) -> None:
    credential(tmp_path / "secrets", "notifier_token", TOKEN + ending)
    assert secret(settings(tmp_path).token) == TOKEN


@pytest.mark.parametrize("text", ["", "\n"])
def test_an_empty_credential_is_a_fault_that_names_the_file(tmp_path: Path, text: str) -> None:
    path = credential(tmp_path / "secrets", "notifier_token", text)
    remedy = "write the value into it, or remove it"
    assert faults(tmp_path, {}) == [
        f"NOTIFIER_TOKEN, from {path}: the file is empty ({remedy})"
    ]


def test_credentials_that_are_no_folder_are_one_fault(tmp_path: Path) -> None:
    (tmp_path / "secrets").touch()
    assert faults(tmp_path, {}) == [
        (
            f"{tmp_path / 'secrets'}: the folder of credentials cannot be searched:"
            " not a directory (mend its mode, or remove it)"
        ),
    ]


def test_a_missing_credential_is_no_fault(tmp_path: Path) -> None:
    assert settings(tmp_path, {"CREDENTIALS_DIRECTORY": str(NOWHERE)}).token is None


def test_a_credential_that_is_no_text_is_a_fault(tmp_path: Path) -> None:
    credential(tmp_path / "secrets", "notifier_token", "").write_bytes(b"\xff\xfe")
    (fault,) = faults(tmp_path, {})
    assert "the file is UTF-16 text" in fault


def test_a_pipe_in_place_of_a_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    mkfifo(tmp_path / ".env")
    (tmp_path / "secrets").mkdir()
    mkfifo(tmp_path / "secrets" / "notifier_token")
    told = faults(tmp_path, {})
    assert [fault.partition(" (")[0] for fault in told] == [
        ".env: is a named pipe, not a file",
        (
            f"NOTIFIER_TOKEN, from {tmp_path / 'secrets' / 'notifier_token'}:"
            " the file is a named pipe, not a file"
        ),
    ]


def test_dotenv_and_credentials_are_read_as_windows_writes_them(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(
        b"\xef\xbb\xbfNOTIFIER_BOT_ID=b1\r\nNOTIFIER_TYPES=lead\r\n"
    )
    credential(tmp_path / "secrets", "notifier_token", "").write_bytes(b"\xef\xbb\xbftok\r\n")
    read = settings(tmp_path)
    assert (read.bot_id, secret(read.token)) == ("b1", "tok")


def test_a_secret_set_twice_is_warned_about(tmp_path: Path) -> None:
    credential(tmp_path / "secrets", "notifier_token", "another-token")
    (warning,) = warnings(tmp_path, {"NOTIFIER_TOKEN": TOKEN})
    assert warning == (
        f"NOTIFIER_TOKEN: set in the environment and in {tmp_path / 'secrets'}; "
        "the environment wins (remove one of them)"
    )


def test_an_unknown_variable_is_warned_about_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("NOTIFIER_XYZZY=1\n")
    assert warnings(tmp_path, {"NOTIFIER_POL_INTERVAL": "5s"}) == [
        (
            "NOTIFIER_POL_INTERVAL, from the environment: no such setting; it is ignored "
            "(did you mean NOTIFIER_POLL_INTERVAL?)"
        ),
        "NOTIFIER_XYZZY, from .env: no such setting; it is ignored (see the table in README)",
    ]


def test_every_mistake_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("NOTIFIER_RATE_LIMIT=many\n")
    credential(tmp_path / "secrets", "notifier_timezone", "Asia/Atlantis")
    told = faults(tmp_path, {"NOTIFIER_POLL_INTERVAL": "15"})
    assert told == [
        (
            "NOTIFIER_POLL_INTERVAL, from the environment: `15` is not a duration; "
            "write 500ms, 15s, 5m, 6h, 2d or 1h30m: a unit is missing (write for example `15s`)"
        ),
        (
            "NOTIFIER_RATE_LIMIT, from .env: input should be a valid integer, "
            "unable to parse string as an integer (write for example `90`)"
        ),
        (
            f"NOTIFIER_TIMEZONE, from {tmp_path / 'secrets'}:"
            " `Asia/Atlantis` is not a time zone; zones have names"
            " such as Asia/Kolkata (write for example `Asia/Kolkata`)"
        ),
    ]


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("TYPES", "lead,chats", "`chats` is not a type; there is lead and non-lead"),
        ("TYPES", ",", "`` is not a type; there is lead and non-lead"),
        ("BASE_URL", "api.example.com", "this is not an http:// or https:// URL"),
        ("BASE_URL", "https://example.com:port", "the URL's port is not a number"),
        (
            "BASE_URL",
            "https://api..example.com",
            "the URL's host is not a name that a host may have",
        ),
        ("BASE_URL", "https://example.com/?a=1", "the address has no user, query or fragment"),
        ("POLL_INTERVAL", "0", "this must be longer than 0"),
        ("DATABASE", ".", "this is a folder; the database is a file in one"),
        ("RATE_LIMIT", "0", "input should be greater than or equal to 1"),
        ("FIRST_RUN", "loud", "`loud` is neither silent nor notify nor a duration"),
        ("INBOX_URL", "https://example.com/{lead}", "`{lead}` is not a field of the link"),
        ("SMTP_URL", "mail.example.com", "the URL must start with smtp://"),
        ("SMTP_FROM", "nobody", "this is not one mail address"),
        ("HTTP", "8787", "`8787` is not host:port"),
        ("HTTP", "127.0.0.1:99999", "`127.0.0.1:99999` is not host:port"),
        ("LOG_FORMAT", "xml", "input should be 'json' or 'console'"),
    ],
)
def test_a_wrong_value_is_explained(
    tmp_path: Path, variable: str, value: str, problem: str
) -> None:
    (fault,) = faults(tmp_path, {f"NOTIFIER_{variable}": value})
    assert fault.startswith(f"NOTIFIER_{variable}, from the environment: {problem}")
    assert "write for example" in fault


@pytest.mark.parametrize("variable", ["TOKEN", "SLACK_TOKEN", "HEARTBEAT_URL", "SMTP_URL"])
def test_a_wrong_secret_is_explained_without_its_value(tmp_path: Path, variable: str) -> None:
    (fault,) = faults(tmp_path, {f"NOTIFIER_{variable}": f"{TOKEN} and more\n"})
    assert "secret" not in fault


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        ("fifteen-letters", "it is shorter than 16 characters"),
        ("c2VjcmV0/secret/", "no part of a URL's path carries its character 9 as it is"),
        ("secret%20secret-secret", "no part of a URL's path carries its character 7 as it is"),
        ("secret secret-secret", "no part of a URL's path carries its character 7 as it is"),
        (
            "secret-secret-schlüssel",
            "no part of a URL's path carries its character 19 as it is",
        ),
        ("s?cret#secret-secret", "no part of a URL's path carries its character 2 as it is"),
    ],
)
def test_a_poke_secret_is_long_and_stands_in_a_url(
    tmp_path: Path, secret: str, problem: str
) -> None:
    (fault,) = faults(tmp_path, {"NOTIFIER_POKE_SECRET": secret})
    assert fault.startswith(f"NOTIFIER_POKE_SECRET, from the environment: {problem}")
    assert "openssl rand" in fault
    assert secret not in fault


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("PUBLIC_URL", "https://example.com/notifier", "the page lies at the root of a host"),
        ("PUBLIC_URL", "example.com", "this is not an http:// or https:// URL"),
        ("PUBLIC_URL", "https://me@example.com", "the address has no user, query or fragment"),
        ("WEB_PASSWORD", "a\tb", "a password has no line breaks"),
    ],
)
def test_what_the_page_cannot_use_is_a_fault(
    tmp_path: Path, variable: str, value: str, problem: str
) -> None:
    (fault,) = faults(tmp_path, {f"NOTIFIER_{variable}": value})
    assert fault.startswith(f"NOTIFIER_{variable}, from the environment: {problem}")


@pytest.mark.parametrize(
    ("given", "doubt"),
    [
        ({"WEB_PASSWORD": "one"}, "nobody can look at the page, since nothing listens"),
        ({"WEB_VIEW_PASSWORD": "one"}, "the page stays closed"),
        (
            {"WEB_PASSWORD": "one", "WEB_VIEW_PASSWORD": "one", "HTTP": "127.0.0.1:8787"},
            "it is the operators' password",
        ),
    ],
)
def test_passwords_that_open_nothing_or_too_much_are_a_doubt(
    tmp_path: Path, given: dict[str, str], doubt: str
) -> None:
    variables = {f"NOTIFIER_{name}": value for name, value in given.items()}
    (warning,) = map(str, read_settings(environment(tmp_path, variables)).warnings)
    assert doubt in warning


def test_a_public_url_loses_its_final_slash(tmp_path: Path) -> None:
    given = {"NOTIFIER_PUBLIC_URL": "https://alerts.example.com/"}
    assert (
        read_settings(environment(tmp_path, given)).settings.public_url
        == "https://alerts.example.com"
    )


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        ("xoxb-1-2-secret", "an app-level token begins with xapp-, and this is a bot token"),
        ("nonsense-secret", "an app-level token begins with xapp-, and this is none"),
        ("xapp-1 secret", "a token has neither spaces nor"),
    ],
)
def test_an_app_level_token_is_one(tmp_path: Path, token: str, problem: str) -> None:
    (fault,) = faults(tmp_path, {"NOTIFIER_SLACK_APP_TOKEN": token})
    assert fault.startswith(f"NOTIFIER_SLACK_APP_TOKEN, from the environment: {problem}")
    assert "secret" not in fault


def test_an_app_level_token_without_a_bot_token_is_a_doubt(tmp_path: Path) -> None:
    given = {"NOTIFIER_SLACK_APP_TOKEN": "xapp-1"}
    (warning,) = warnings(tmp_path, given)
    assert "no bot token posts any" in warning
    assert warnings(tmp_path, given | {"NOTIFIER_SLACK_TOKEN": "xoxb-1"}) == []


def test_a_poke_secret_without_a_server_is_a_doubt(tmp_path: Path) -> None:
    given = {"NOTIFIER_POKE_SECRET": "long-enough-a-secret"}
    (warning,) = warnings(tmp_path, given)
    assert warning.startswith("NOTIFIER_POKE_SECRET, from the environment: nobody can poke")
    assert warnings(tmp_path, given | {"NOTIFIER_HTTP": "127.0.0.1:0"}) == []


BOT = "638d99eeee9e558f1247ae03"
QUOTED = "it is in quotes: this place takes them literally"
AN_ID = "an id has visible ASCII characters alone, no blanks and no quotes"


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("TOKEN", '"tok-1"', QUOTED),
        ("TOKEN", "“tok-1”", QUOTED),
        ("BOT_ID", f'"{BOT}"', QUOTED),
        ("BOT_ID", f"'{BOT}'", QUOTED),
        ("BOT_ID", f"„{BOT}“", QUOTED),
        ("BOT_ID", f"«{BOT}»", QUOTED),
        ("BOT_ID", f"{BOT}\r", "it ends with a line break, perhaps one of Windows (CR)"),
        ("BOT_ID", f"{BOT} ", "it ends with a blank"),
        ("BOT_ID", f"{BOT}\u00a0", "it ends with a blank (NO-BREAK SPACE)"),
        ("BOT_ID", f"\u200b{BOT}", "it begins with an invisible character (ZERO WIDTH SPACE)"),
        ("BOT_ID", f"{BOT[:9]}\u200b{BOT[9:]}", AN_ID),
        ("BOT_ID", f"{BOT[:9]} {BOT[9:]}", AN_ID),
        ("BOT_ID", f'"{BOT}', AN_ID),
        ("BOT_ID", f"{BOT}’", AN_ID),
        ("BOT_ID", "\udce4", AN_ID),
        ("CUSTOMER_ID", f"{BOT}\r", "it ends with a line break, perhaps one of Windows (CR)"),
        ("DATABASE", "n.db\r", "it ends with a line break, perhaps one of Windows (CR)"),
        ("DATABASE", '"n.db"', QUOTED),
        (
            "DATABASE",
            "sqlite:///notifier.db",
            "of URLs only postgresql:// is one of a database; else it is a file",
        ),
        (
            "DATABASE",
            ":memory:",
            "`:memory:` is not a file: all that was seen would be forgotten",
        ),
        ("DATABASE", "n\u200b.db", "an invisible character is in it (ZERO WIDTH SPACE)"),
        ("DATABASE", "/dev/null", "this is a device or a pipe; the database is a file"),
        ("RULES", "rules.yaml\ufeff", "it ends with an invisible character"),
        ("BASE_URL", "https://x.example/\u00a0a", "a URL has neither blanks nor invisible"),
        ("SLACK_TOKEN", "'xoxb-1'", QUOTED),
        ("SMTP_URL", '"smtp://mail.example.com"', QUOTED),
        ("HEARTBEAT_URL", "https://hc.example.com/x\r", "it ends with a line break"),
        ("HTTP", "127.0.0.1:8787\r", "it ends with a line break"),
        ("POLL_INTERVAL", '"15s"', QUOTED),
        (
            "TIMEZONE",
            "Asia/Kolkata\u200e",
            "it ends with an invisible character (LEFT-TO-RIGHT",
        ),
        ("TYPES", "'lead'", QUOTED),
        ("LOG_LEVEL", "info\r", "it ends with a line break"),
    ],
)
def test_what_stands_around_a_value_by_mistake_is_told(
    tmp_path: Path, variable: str, value: str, problem: str
) -> None:
    (fault,) = faults(tmp_path, {f"NOTIFIER_{variable}": value})
    assert fault.startswith(f"NOTIFIER_{variable}, from the environment: {problem}")
    assert "tok-1" not in fault


def test_every_setting_is_asked_what_stands_around_it(tmp_path: Path) -> None:
    for field in Settings.model_fields:
        variable = f"NOTIFIER_{field.upper()}"
        (fault,) = faults(tmp_path, {variable: '"x"'})
        assert fault.startswith(f"{variable}, from the environment: {QUOTED}")


def test_no_secret_shows_in_the_repr(tmp_path: Path) -> None:
    shown = repr(
        settings(
            tmp_path,
            {
                "NOTIFIER_TOKEN": TOKEN,
                "NOTIFIER_SLACK_TOKEN": "xoxb-secret",
                "NOTIFIER_SMTP_URL": "smtp://me:secret@mail.example.com:587",
                "NOTIFIER_HEARTBEAT_URL": "https://hc.example.com/secret",
                "NOTIFIER_POKE_SECRET": "very-secret-and-long",
            },
        )
    )
    assert "secret" not in shown.replace("poke_secret=SecretStr('**********')", "")


def test_a_broken_line_in_dotenv_is_a_fault_with_its_number(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"NOTIFIER_RATE_LIMIT=60\n\n'{TOKEN}\n")
    assert faults(tmp_path, {}) == [".env:3: no NAME=value (quote the value)"]


def test_dotenv_keeps_dollars_and_drops_quotes_and_comments(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# ours\nexport NOTIFIER_TOKEN='a${HOME}b' # live\n")
    assert secret(settings(tmp_path, {"HOME": "/x"}).token) == "a${HOME}b"


def test_the_database_lies_in_the_state_folder_under_systemd(tmp_path: Path) -> None:
    given = {"STATE_DIRECTORY": "/var/lib/notifier:/var/lib/other"}
    assert settings(tmp_path, given).database == Path("/var/lib/notifier/notifier.db")
    given["NOTIFIER_DATABASE"] = "mine.db"
    assert settings(tmp_path, given).database == Path("mine.db")


def test_the_timezone_is_the_hosts_unless_it_is_set(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "timezone").write_text("Asia/Tokyo\n")
    assert settings(tmp_path).timezone.key == "Asia/Tokyo"
    assert settings(tmp_path, {"TZ": "Asia/Dubai"}).timezone.key == "Asia/Dubai"
    given = {"TZ": "Asia/Dubai", "NOTIFIER_TIMEZONE": "Asia/Kolkata"}
    assert settings(tmp_path, given).timezone.key == "Asia/Kolkata"


def test_a_host_that_names_no_zone_is_warned_about(tmp_path: Path) -> None:
    given = read_environment({}, folder=tmp_path, secrets=NOWHERE, etc=tmp_path)
    reading = read_settings(given)
    assert reading.settings.timezone.key == "UTC"
    assert [str(warning) for warning in reading.warnings] == [
        (
            "NOTIFIER_TIMEZONE: the host's time zone cannot be told, UTC is used:"
            " set NOTIFIER_TIMEZONE (/etc names none; write for example `Asia/Kolkata`)"
        ),
    ]
    given = read_environment(
        {"NOTIFIER_TIMEZONE": "UTC"}, folder=tmp_path, secrets=NOWHERE, etc=tmp_path
    )
    assert read_settings(given).warnings == ()


def test_lookup_for_rules_asks_the_same_places_in_the_same_order(tmp_path: Path) -> None:
    credential(tmp_path / "secrets", "crm_secret", "whsec_file\n")
    credential(tmp_path / "secrets", "slack_webhook", "from the file")
    (tmp_path / ".env").write_text("SLACK_WEBHOOK=from .env\n")
    lookup = environment(tmp_path, {"TEAM": "sales"}).lookup
    assert lookup("TEAM") == "sales"
    assert lookup("SLACK_WEBHOOK") == "from .env"
    assert lookup("CRM_SECRET") == "whsec_file"
    assert lookup("NOT_THERE") is None
