"""A hundred thousand runs: the log, what goes down in it, and analytics of them stay as usable as with ten."""

import re
from uuid import UUID

import pytest
from playwright.async_api import expect

from burnish_gateway.insights.store import SUMS
from tests.page.browser import settled
from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")

RUNS, PROMPTS, GONE_DOWN = 100_000, 500, 2_000
MOST_IN_DOCUMENT = 500
"""Rows: those near the window, and those near where the focus is."""


async def make_runs(site: Site, workspace_id: UUID) -> None:
    """Of the last hours, as the executor books them: each thousandth failed, each person asked twenty times."""
    await site.connection.execute(
        """INSERT INTO executions (execution_id, workspace_id, fence, lane, status, slug, version, label, model, provider, input_tokens,
             output_tokens, cached_input_tokens, usage_source, cost_nusd, latency_ms, simulated, end_user, finished_at)
           SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0')
                   || '8' || lpad(to_hex(n), 15, '0'))::uuid, $1, 1, 'interactive', CASE WHEN n % 1000 = 0 THEN 'error' ELSE 'success' END,
                  'prompt-' || n % $3, 1, 'production', 'simulated/chat', 'simulated', 20, 10, 0, 'provider', 1800, 120 + n % 400, true,
                  'person-' || n % 5000, at
           FROM (SELECT n, now() - n * interval '20 milliseconds' AS at FROM generate_series(1, $2) n) one""",
        workspace_id, RUNS, PROMPTS,
    )  # fmt: skip


async def make_figures(site: Site, workspace_id: UUID) -> None:
    """The same counted: two hours of each prompt, so that any time of a day and more holds all of them."""
    await site.connection.execute(
        """INSERT INTO rollups (workspace_id, grain, bucket, slug, version, label, model, traffic, executions, successes, errors, timeouts,
             rate_limited, cancelled, blocked, cached, simulated, input_tokens, output_tokens, cached_input_tokens, cost_nusd,
             latency_sum_ms, reactions, thumbs_up, thumbs_down, scores, score_sum_micro, latency, first_token)
           SELECT $1, grain, date_trunc(grain, now() - hours * interval '1 hour'), 'prompt-' || n, 1, 'production', 'simulated/chat',
                  'live', sum($2 / $3 / 2), sum($2 / $3 / 2), 0, 0, 0, 0, 0, 0, sum($2 / $3 / 2), 1, 1, 0, sum(1800 * n), 1, 0, 0, 0, 0, 0,
                  '{}', '{}'
           FROM generate_series(1, $3) n, unnest(ARRAY['hour', 'day']) grain, unnest(ARRAY[2, 3]) hours GROUP BY grain, 3, n""",
        workspace_id, RUNS, PROMPTS,
    )  # fmt: skip
    await site.connection.execute(
        f"""INSERT INTO rollup_sets (workspace_id, grain, bucket, dimension, value, slug, traffic, {", ".join(SUMS)}, latency, first_token)
            SELECT workspace_id, grain, bucket, 'workspace', '', '', traffic, {", ".join(f"sum({one})" for one in SUMS)},
                   '{{}}', '{{}}' FROM rollups WHERE workspace_id = $1 GROUP BY workspace_id, grain, bucket, traffic""",
        workspace_id,
    )


async def test_a_hundred_thousand_runs_are_a_log_like_any_other(page_as: OpenPage, site: Site) -> None:
    workspace_id = await site.new_workspace("Busy")
    await make_runs(site, workspace_id)
    page = await page_as("editor", "/app/runs", workspace_id=workspace_id)
    table = page.get_by_role("table", name="Runs")
    rows = table.locator("tbody tr:not([aria-hidden])")
    await expect(rows).to_have_count(50)

    await page.get_by_label("Status").select_option("error")
    await expect(page).to_have_url(re.compile("status=error"))
    await settled(page)
    await expect(rows).to_have_count(50)
    await expect(table.get_by_text("success")).to_have_count(0)
    await page.get_by_role("button", name="Load more").click()
    await expect(rows).to_have_count(100)
    await expect(page.get_by_role("button", name="Load more")).to_be_hidden()
    await page.get_by_label("Status").select_option("")
    await page.get_by_role("searchbox", name="End user").fill("person-17")
    await expect(rows).to_have_count(20)
    await page.get_by_role("searchbox", name="End user").fill("")
    await expect(rows).to_have_count(50)

    await page.get_by_role("button", name="Load more").click()
    await expect(rows).to_have_count(100)
    for shown in range(150, GONE_DOWN + 1, 50):
        await page.get_by_role("button", name="Load more").click()
        await expect(table).to_have_attribute("aria-rowcount", f"{shown + 1}")
    await expect(rows.nth(MOST_IN_DOCUMENT - 1)).to_have_count(0)  # Not all that one has gone by stands in the document.
    # Back at the top, and by the keyboard from there: what one has gone by is there again, the rest is no longer.
    await page.get_by_role("heading", level=1).scroll_into_view_if_needed()
    await expect(table.locator("tr[aria-rowindex='2']")).to_be_in_viewport()
    await expect(rows.nth(MOST_IN_DOCUMENT - 1)).to_have_count(0)
    await rows.first.get_by_role("button").focus()
    for row in range(3, 63):
        await page.keyboard.press("ArrowDown")
        await expect(table.locator(f"tr[aria-rowindex='{row}'] [data-row]")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Run")).to_contain_text("prompt-61")


async def test_analytics_of_a_hundred_thousand_runs_show_the_busiest(page_as: OpenPage, site: Site) -> None:
    workspace_id = await site.new_workspace("Busy")
    await make_figures(site, workspace_id)
    page = await page_as("viewer", "/app/analytics?range=7d&group=prompt", workspace_id=workspace_id)
    await expect(page.get_by_role("main")).to_contain_text("100,000")
    await expect(page.get_by_text("The 200 busiest.")).to_be_visible()
    table = page.get_by_role("table", name="By prompt")
    await expect(table).to_have_attribute("aria-rowcount", "201")
    # What is far below the window does not stand in the document.
    await expect(table.locator("tbody tr:not([aria-hidden])").nth(199)).to_have_count(0)
