"""What an operator sets outside the rules file, and how each setting is written.

A setting is one field here; README's table is checked against these fields.
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from notifier.configuration import formats
from notifier.rules.durations import Duration
from notifier.rulesfile.bots import check_id, check_inbox_url, check_token, check_types
from notifier.rulesfile.hours import parse_timezone

PREFIX = "NOTIFIER_"
NO_TIME = timedelta(0)

Secret: TypeAlias = Annotated[SecretStr, AfterValidator(check_token)]
Id: TypeAlias = Annotated[str, AfterValidator(check_id)]
Url: TypeAlias = Annotated[str, AfterValidator(formats.check_url)]
Password: TypeAlias = Annotated[SecretStr, AfterValidator(formats.check_password)]
Positive: TypeAlias = Annotated[Duration, AfterValidator(formats.positive)]


class Settings(BaseSettings):
    """What an operator decides outside the rules file, checked and immutable.

    Secrets hide themselves in ``repr`` and in errors. Made by ``read_settings``.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    token: Secret | None = Field(default=None, description="the `x-bot-token`")
    bot_id: Id | None = Field(
        default=None,
        description="the one bot of a simple set-up",
        examples=["638d99eeee9e558f1247ae03"],
    )
    customer_id: Id | None = Field(
        default=None, description="its account", examples=["5fed38e56fb193dcc6c933f5"]
    )
    types: Annotated[
        tuple[str, ...], BeforeValidator(formats.split_types), AfterValidator(check_types)
    ] = Field(
        default=("lead",),
        description="what is watched: a comma list of `lead`, `non-lead`",
        examples=["lead,non-lead"],
    )
    base_url: Annotated[Url, AfterValidator(formats.check_base_url)] = Field(
        default="https://api.v7.botpenguin.com",
        description="the API's address; white-label hosts differ",
        examples=["https://api.v7.botpenguin.com"],
    )
    rules: Annotated[Path, AfterValidator(formats.check_path)] = Field(
        default=Path("rules"),
        description="a rules file or a folder of them",
        examples=["rules"],
    )
    database: Annotated[
        Path | SecretStr,
        BeforeValidator(formats.split_database),
        AfterValidator(formats.check_database),
    ] = Field(
        default=Path("notifier.db"),
        description="the SQLite file, created with mode 0600; or a PostgreSQL server's "
        "`postgresql://` URL",
        examples=["notifier.db", "postgresql://notifier@db.example.com/notifier"],
    )
    poll_interval: Positive = Field(
        default=timedelta(seconds=15),
        description="time between head polls of a source",
        examples=["15s"],
    )
    sweep_interval: Annotated[Duration, Field(ge=NO_TIME)] = Field(
        default=timedelta(hours=6),
        description="time between full walks of a source; `0` is never",
        examples=["6h"],
    )
    rate_limit: int = Field(
        default=90, ge=1, description="requests a minute per token", examples=["90"]
    )
    request_timeout: Positive = Field(
        default=timedelta(seconds=20),
        description="for one request to BotPenguin",
        examples=["20s"],
    )
    first_run: Annotated[timedelta | None, BeforeValidator(formats.split_first_run)] = Field(
        default=NO_TIME,
        description="how old a lead may be that a source's first full walk announces; "
        "`silent` is none, `notify` any age",
        examples=["silent", "notify", "24h"],
    )
    inbox_url: Annotated[Url, AfterValidator(check_inbox_url)] | None = Field(
        default=None,
        description="link to a chat",
        examples=["https://app.example.com/inbox/{uuid}"],
    )
    timezone: Annotated[ZoneInfo, BeforeValidator(parse_timezone)] = Field(
        default=ZoneInfo("UTC"),
        description="for cron lines, windows without one, and times shown to people",
        examples=["Asia/Kolkata"],
    )
    slack_token: Secret | None = Field(
        default=None, description="bot token for destinations that name a Slack channel"
    )
    slack_app_token: Annotated[Secret, AfterValidator(formats.check_app_token)] | None = Field(
        default=None,
        description="app-level token (`xapp-…`, scope `connections:write`): buttons on Slack "
        "cards",
    )
    slack_api_url: Url = Field(
        default="https://slack.com/api/",
        description="for proxies and tests",
        examples=["https://slack.com/api/"],
    )
    smtp_url: Annotated[SecretStr, AfterValidator(formats.check_smtp_url)] | None = Field(
        default=None,
        description="the mail server",
        examples=["smtp://user:password@mail.example.com:587"],
    )
    smtp_from: Annotated[str, AfterValidator(formats.check_mailbox)] | None = Field(
        default=None, description="sender address", examples=["notifier@example.com"]
    )
    http: Annotated[formats.Address | None, BeforeValidator(formats.split_address)] = Field(
        default=None,
        description="where `/healthz`, `/readyz`, `/metrics`, `/poke` and the page listen",
        examples=["127.0.0.1:8787"],
    )
    web_password: Password | None = Field(
        default=None, description="opens the page to operators; without it the page is closed"
    )
    web_view_password: Password | None = Field(
        default=None, description="opens the page to people who may only look"
    )
    public_url: Annotated[str, AfterValidator(formats.check_public_url)] | None = Field(
        default=None,
        description="where the page is reached from outside, for links in messages",
        examples=["https://notifier.example.com"],
    )
    poke_secret: Annotated[SecretStr, AfterValidator(formats.check_poke_secret)] | None = Field(
        default=None,
        description="opens `/poke/<secret>`: whoever posts there has sources polled",
    )
    heartbeat_url: Annotated[SecretStr, AfterValidator(formats.check_secret_url)] | None = (
        Field(
            default=None,
            description="GET after each good poll round",
            examples=["https://hc.example.com/ping/…"],
        )
    )
    retention: Positive = Field(
        default=timedelta(days=90),
        description="finished events and deliveries older than this are pruned",
        examples=["90d"],
    )
    log_format: Literal["json", "console"] | None = Field(
        default=None, description="`json`, or `console` for people", examples=["json"]
    )
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], BeforeValidator(formats.lower)
    ] = Field(default="info", description="the least that is logged", examples=["info"])

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from what made the settings alone.

        The library's own sources merge before anyone can ask which place a wrong
        value came from, and let the environment win over a credential in silence.
        """
        return (init_settings,)
