"""The agent's errors, as one tree. Their messages are shown to whoever runs the agent, and say what to do.

AgentError
├── NotEnrolled       no identity for this hub on this account
├── EnrolmentFailed   the hub refused, or was not reached
│   └── EnrolmentRefused  it refused what was asked: trying the same again is useless
├── AlreadyRunning    another process of this account serves the same hub
└── StateUnusable     a file of the agent can't be read or written
"""


class AgentError(Exception):
    """The root."""


class NotEnrolled(AgentError):
    pass


class EnrolmentFailed(AgentError):
    pass


class EnrolmentRefused(EnrolmentFailed):
    pass


class AlreadyRunning(AgentError):
    pass


class StateUnusable(AgentError):
    pass
