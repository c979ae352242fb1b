"""`python -m agents`: the agent without the hub's command line."""

from agents.commands import agent

if __name__ == "__main__":
    agent(prog_name="daylight-agent")
