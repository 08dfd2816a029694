"""Files of every shape, most of them wrong."""

from hypothesis import strategies as st

from notifier.rulesfile.options import RuleOptions

KEYS = st.sampled_from(
    [
        *(
            "sources",
            "agents",
            "windows",
            "destinations",
            "rules",
            "x",
            "type",
            "to",
            "channel",
        ),
        *(
            "days",
            "hours",
            "timezone",
            "bot_id",
            "customer_id",
            "token",
            "burst",
            "limit",
            "per",
        ),
        *(field.alias or name for name, field in RuleOptions.model_fields.items()),
        *("country", "tags", "attributes.a", "any", "all", "from", "contains", "gt", "body"),
    ]
)
WORDS = st.sampled_from(
    [
        "",
        "x",
        "console",
        "slack",
        "lead.created",
        "lead.*",
        "5m",
        "mon-fri",
        "9",
        "true",
        "${S}",
    ]
)
SCALARS = WORDS | st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=5)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)
