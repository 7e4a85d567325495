"""Input of the plans room."""

from .plan import GOALS, ITEMS, PlanEditForm, PlanForm, PlanNewForm
from .steps import (
    EndForm,
    EvaluationForm,
    LateFilter,
    MonitoringForm,
    PlanFilter,
    SignForm,
    UrgentForm,
)

__all__ = [
    "GOALS",
    "ITEMS",
    "EndForm",
    "EvaluationForm",
    "LateFilter",
    "MonitoringForm",
    "PlanEditForm",
    "PlanFilter",
    "PlanForm",
    "PlanNewForm",
    "SignForm",
    "UrgentForm",
]
