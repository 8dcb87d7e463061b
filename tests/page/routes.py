"""Every page with its address. A new page is one line here: it is then pictured in both themes and at 360 px, and checked by
test_every_page.py (one h1, a title, axe in both themes, no error, no overflow at 320 px). `{…}`: ids of what the demo made (Site.ids).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    """`name`: of its pictures. `role`: who looks (operator, admin, editor, viewer, nobody). `without`: rules of axe that do not fit
    what is behind an open dialog."""

    name: str
    path: str
    role: str = "admin"
    without: tuple[str, ...] = ()


BEHIND_A_DIALOG = ("region", "aria-hidden-focus")

ROUTES = (
    Route("sign-in", "/app/sign-in", role="nobody"),
    Route("sign-up", "/app/sign-up", role="nobody"),
    Route("invite", "/app/invite#a-token", role="nobody"),
    Route("start", "/app/start"),
    Route("prompts", "/app/prompts"),
    Route("prompt", "/app/prompts/{prompt}"),
    Route("prompt-versions", "/app/prompts/{prompt}?tab=versions"),
    Route("prompt-lineage", "/app/prompts/{prompt}?tab=lineage"),
    Route("prompt-results", "/app/prompts/{prompt}?tab=results"),
    Route("prompt-settings", "/app/prompts/{prompt}?tab=settings"),
    Route("chains", "/app/chains"),
    Route("goals", "/app/new"),
    Route("approvals", "/app/approvals"),
    Route("approvals-comments", "/app/approvals?tab=comments"),
    Route("playground", "/app/playground"),
    Route("playground-columns", "/app/playground?prompt={prompt}&version=1&columns=3&prompt2={prompt}&version2=2&prompt3={prompt}"),
    Route("library", "/app/library"),
    Route("library-entry", "/app/library/{entry}"),
    Route("library-templates", "/app/library/templates"),
    Route("library-template", "/app/library/templates/{template}"),
    Route("datasets", "/app/datasets"),
    Route("dataset", "/app/datasets/{dataset}"),
    Route("review", "/app/review"),
    Route("review-decided", "/app/review?tab=decided"),
    Route("test-runs", "/app/test-runs"),
    Route("test-run", "/app/test-runs/{test_run}"),
    Route("optimize", "/app/optimize"),
    Route("optimization", "/app/optimize/{optimization}"),
    Route("generations", "/app/optimize/generations/{line}"),
    Route("suggestion", "/app/optimize/suggestions/{suggestion}"),
    Route("suggestion-cases", "/app/optimize/suggestions/{suggestion}?tab=cases"),
    Route("suggestion-evidence", "/app/optimize/suggestions/{suggestion}?tab=evidence"),
    Route("experiments", "/app/experiments"),
    Route("experiment", "/app/experiments/{experiment}"),
    Route("experiment-setup", "/app/experiments/{experiment}?tab=setup"),
    Route("experiment-form", "/app/experiments?new=1&prompt={prompt}&version=2", without=BEHIND_A_DIALOG),
    Route("backtests", "/app/experiments/backtests"),
    Route("experiment-settings", "/app/experiments/settings"),
    Route("schedules", "/app/optimize/schedules"),
    Route("schedule", "/app/optimize/schedules/{schedule}"),
    Route("schedule-form", "/app/optimize/schedules?new=1&prompt={prompt}", without=BEHIND_A_DIALOG),
    Route("migrations", "/app/optimize/migrations"),
    Route("migration", "/app/optimize/migrations/{migration}"),
    Route("migration-form", "/app/optimize/migrations?new=1", without=BEHIND_A_DIALOG),
    Route("test-runs-compared", "/app/test-runs?tab=compare"),
    Route("analytics", "/app/analytics"),
    Route("analytics-by-version", "/app/analytics?range=7d&group=version&traffic=all"),
    Route("costs", "/app/analytics/costs"),
    Route("failures", "/app/analytics/failures"),
    Route("reports", "/app/analytics/reports"),
    Route("report", "/app/analytics/reports/{report}"),
    Route("runs", "/app/runs"),
    Route("run", "/app/runs/{execution}"),
    Route("content", "/app/content"),
    Route("session", "/app/sessions/{session}"),
    Route("alerts", "/app/alerts"),
    Route("alert", "/app/alerts/{alert}"),
    Route("alert-rules", "/app/alerts/rules"),
    Route("alert-channels", "/app/alerts/channels"),
    Route("alert-mutes", "/app/alerts/mutes"),
    Route("webhooks", "/app/webhooks"),
    Route("webhook", "/app/webhooks/{endpoint}"),
    Route("webhook-deliveries", "/app/webhooks/{endpoint}?tab=deliveries"),
    Route("webhook-delivery", "/app/webhooks/{endpoint}?tab=deliveries&delivery={delivery}", without=BEHIND_A_DIALOG),
    Route("webhook-events", "/app/webhooks?tab=events"),
    Route("api-keys", "/app/api-keys"),
    Route("providers", "/app/providers"),
    Route("usage", "/app/usage"),
    Route("budgets", "/app/usage/budgets"),
    Route("statement", "/app/usage/statement"),
    Route("plan", "/app/usage/plan"),
    Route("team", "/app/team"),
    Route("team-roles", "/app/team?tab=roles"),
    Route("team-audit", "/app/team?tab=audit"),
    Route("settings", "/app/settings"),
    Route("settings-privacy", "/app/settings?tab=privacy"),
    Route("prompts-of-a-viewer", "/app/prompts", role="viewer"),
    Route("not-found", "/app/there-is-no-such-page"),
)
