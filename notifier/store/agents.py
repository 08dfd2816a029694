"""Who has leads: the agents' ids as the snapshot shows them."""

from collections import Counter
from dataclasses import dataclass

from notifier.cleaning import clean
from notifier.core.records import Agent, assignee
from notifier.core.rows import stored_row
from notifier.errors import DamagedError
from notifier.store.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAgent:
    """An agent who has leads now; the name is the listing's own, which often has none."""

    agent: Agent
    leads: int


def seen(session: Session, *, damages: list[str] | None = None) -> list[SeenAgent]:
    """Return the agents who have leads, the busiest first.

    A record that cannot be read is left out, and named in ``damages``.
    """
    leads: Counter[str] = Counter()
    agents: dict[str, Agent] = {}
    for lead_id, text in session.execute("SELECT lead_id, row FROM records"):
        try:
            row = stored_row(text)
        except DamagedError:
            if damages is not None:
                damages.append(f"lead {clean(lead_id)}")
            continue
        agent = assignee(row.get("_agentAssigned"), {})
        if agent is not None:
            leads[agent.id] += 1
            if agent.name or agent.id not in agents:
                agents[agent.id] = agent
    return [SeenAgent(agent=agents[who], leads=many) for who, many in leads.most_common()]
