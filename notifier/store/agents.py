"""Who has leads: the agents' ids as the snapshot shows them."""

from collections import Counter
from dataclasses import dataclass

import orjson
from sqlite_utils import Database

from notifier.records import Agent, assignee


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAgent:
    """An agent who has leads now; the name is the listing's own, which often has none."""

    agent: Agent
    leads: int


def seen(db: Database) -> list[SeenAgent]:
    """Return the agents who have leads, the busiest first."""
    leads: Counter[str] = Counter()
    agents: dict[str, Agent] = {}
    for (row,) in db.execute("SELECT row FROM records"):
        agent = assignee(orjson.loads(row).get("_agentAssigned"), {})
        if agent is not None:
            leads[agent.id] += 1
            if agent.name or agent.id not in agents:
                agents[agent.id] = agent
    return [SeenAgent(agent=agents[who], leads=many) for who, many in leads.most_common()]
