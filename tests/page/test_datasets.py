"""Datasets: items by paste, from a file and from runs; what somebody wrote is shown and never run."""

import re
from uuid import uuid4

import pytest
from playwright.async_api import FilePayload, expect

from tests.page.axe import check_axe
from tests.page.browser import closed, escape, expect_console, messages_stay, told
from tests.page.conftest import OpenPage
from tests.page.site import Site

BEHIND = ("region", "aria-hidden-focus")
"""What axe says of the page below a dialog."""

CSV = (
    "ticket,queue,split,customer\n"
    '"Where is it, please?",delivery,train,ann\n'
    "I was charged twice,billing,val,bob\n"
    "<img src=x onerror=alert(1)>,billing,test,eve\n"
)
MORE = (
    b'{"input": {"ticket": "My code does not work"}, "expected": "vouchers"}\n'
    b'{"input": {"ticket": "Where is it, please?"}, "expected": "x"}\n'
)


async def test_items_are_pasted_mapped_and_looked_at(page_as: OpenPage, site: Site) -> None:
    page = await page_as("editor", "/app/datasets", workspace_id=await site.new_workspace("Pasting"))
    await expect(page.get_by_role("heading", name="No datasets yet")).to_be_visible()
    await page.get_by_role("button", name="New dataset").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Tickets")
    await dialog.get_by_role("textbox", name="Items").fill(CSV)
    await expect(dialog.get_by_label("Column queue is")).to_have_value("expected")
    await expect(dialog.get_by_role("status").filter(has_text="3 items from CSV")).to_be_visible()
    await dialog.get_by_label("Column queue is").select_option("skip")
    await expect(dialog).to_contain_text("Say which column holds the expected answer, or that there is none.")
    await expect(dialog.get_by_role("button", name="Create")).to_be_disabled()
    await dialog.get_by_label("Column queue is").select_option("expected")
    await dialog.get_by_label("Column ticket is").select_option("variable")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Create with 3 items").click()

    await expect(page.get_by_role("heading", name="Tickets")).to_be_visible()
    await expect(page.get_by_text("Too small to optimize on.")).to_be_visible()
    items = page.get_by_role("table", name="Items")
    await expect(items.get_by_role("row")).to_have_count(4)
    await page.get_by_role("radio", name="Test").check(force=True)
    await expect(items.get_by_role("row")).to_have_count(2)
    await items.get_by_role("button", name="<img src=x").click()
    drawer = page.get_by_role("dialog", name="Item")
    await expect(drawer).to_contain_text("<img src=x onerror=alert(1)>")
    await expect(drawer).to_contain_text("eve")
    await page.reload()
    await expect(page.get_by_role("dialog", name="Item")).to_contain_text("onerror")
    await expect(page.locator("main img, [role=dialog] img")).to_have_count(0)

    await escape(page, drawer)
    await page.get_by_role("button", name="Add items").click()
    await page.get_by_role("menuitem", name="Paste or upload").click()
    await page.get_by_label("File of items").set_input_files(FilePayload(name="more.jsonl", mimeType="application/x-ndjson", buffer=MORE))
    await expect(page.get_by_role("dialog")).to_contain_text("more.jsonl")
    await page.get_by_role("button", name="Add 2 items").click()
    await told(page, "1 item added: version 2; 1 were there already")


async def test_the_tickets_that_burnish_ships_are_a_click_away_and_found_by_name(page_as: OpenPage, site: Site) -> None:
    name = f"Try {uuid4().hex[:8]}"
    page = await page_as("editor", "/app/datasets?new=1")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill(name)
    await dialog.get_by_role("button", name="Start with the support tickets").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    [made] = (await site.call("GET", f"/v1/datasets?q={name.split()[1]}"))["data"]
    assert made["counts"] == {"train": 270, "validation": 99, "test": 198}
    await page.goto("/app/datasets")
    await page.get_by_label("Search datasets").fill(name.split()[1].upper())
    await expect(page.get_by_role("row")).to_have_count(2)
    await expect(page.get_by_role("table")).to_contain_text(name)
    await check_axe(page)
    await page.get_by_label("Search datasets").fill("no such name")
    await expect(page.get_by_text("No dataset matches")).to_be_visible()


async def test_checked_answers_of_runs_become_items(page_as: OpenPage, site: Site) -> None:
    slug = f"checked-{uuid4().hex[:8]}"  # Of its own: of the demo's prompt others may run one while the first is filled in.
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Sort {{ticket}}", "model": "simulated/chat", "label": "production"})
    for text in ("How long?", "How much?"):
        await site.call("POST", "/v1/executions", {"prompt": slug, "variables": {"ticket": text}})
    mine = await site.call("POST", "/v1/datasets", {"name": "From runs", "items": [{"input": {"ticket": "first"}, "expected": "a"}]})
    page = await page_as("editor", f"/app/datasets/{mine['id']}")
    await page.get_by_role("button", name="Add items").click()
    await page.get_by_role("menuitem", name="From runs").click()
    dialog = page.get_by_role("dialog", name="Add from runs")
    await dialog.get_by_role("button", name="Prompt:").click()
    await page.get_by_placeholder("Type to find").fill(slug)
    await page.get_by_role("option", name=slug).click()
    await expect(dialog.get_by_role("listitem")).to_have_count(2)
    run = dialog.get_by_role("listitem").first
    await run.get_by_role("checkbox").check()
    await run.get_by_label("Expected answer").fill("billing")
    await dialog.get_by_role("button", name="Add 1 item").click()
    await told(page, "1 item added")
    items = (await site.call("GET", f"/v1/datasets/{mine['id']}/items"))["data"]
    assert [one["expected"] for one in items] == ["a", "billing"]


async def test_a_viewer_reads_datasets_and_is_told_why_not_more(page_as: OpenPage) -> None:
    page = await page_as("viewer", "/app/datasets/{dataset}")
    await expect(page.get_by_role("table", name="Items").get_by_role("row").nth(1)).to_be_visible()
    add = page.get_by_role("button", name="Add items")
    await expect(add).to_have_attribute("aria-disabled", "true")
    await add.focus()
    await expect(page.get_by_role("tooltip")).to_contain_text("an editor or admin may change this")
    await page.get_by_role("tab", name="Results").click()
    await expect(page.get_by_role("table", name="validation").first).to_be_visible()


async def test_what_a_file_would_become_is_counted_before_it_is_saved(page_as: OpenPage, site: Site) -> None:
    page = await page_as("editor", "/app/datasets?new=1", workspace_id=await site.new_workspace("Counting"))
    dialog = page.get_by_role("dialog")
    lines = [
        "ticket,queue,split,user",
        '"Where is my parcel, the one from Monday?",delivery,train,ann',
        '"Where is my parcel, the one from Monday??",billing,test,bob',
        "I was charged twice,billing,train,ann",
        "I was charged twice,billing,train,eve",
        "Hm,,train,ann",
    ]
    await dialog.get_by_role("textbox", name="Items").fill("\n".join(lines))
    await expect(dialog.get_by_text("Row 6 has no expected answer.")).to_be_visible()
    await dialog.get_by_label("Leave out 1 row that expects nothing").check()
    saved = dialog.get_by_role("group", name="What would be saved")
    await expect(saved).to_contain_text("3 items, 2 train, 0 validation, 1 test")
    await expect(saved).to_contain_text("1 row has an input that came before")
    await expect(saved).to_contain_text("1 pair in different splits says almost the same: rows 2 and 3")
    await dialog.get_by_label("Column user is").select_option("group")
    await dialog.get_by_label("Name").fill("Counted")
    await dialog.get_by_role("button", name="Create with 4 items").click()
    await expect(page.get_by_role("heading", name="Counted")).to_be_visible()

    await page.get_by_role("tab", name="Leaks").click()
    await expect(page.get_by_text("Look at this before you trust a proof on it.")).to_be_visible()
    await expect(page.get_by_text("different answers: look at the labels")).to_be_visible()
    await check_axe(page)
    await page.get_by_role("button", name="Where is my parcel, the one from Monday??").click()
    await expect(page.get_by_role("dialog", name="Item")).to_contain_text("billing")


async def test_an_answer_is_corrected_and_an_item_taken_out(page_as: OpenPage, site: Site) -> None:
    given = [
        {"input": {"ticket": "Where is my parcel, the one from Monday?"}, "expected": "delivery", "split": "train"},
        {"input": {"ticket": "Where is my parcel, the one from Monday??"}, "expected": "billing", "split": "test", "group": "bob"},
    ]
    mine = await site.call("POST", "/v1/datasets", {"name": "Put right", "items": given})
    page = await page_as("editor", f"/app/datasets/{mine['id']}?tab=leaks")
    await page.get_by_role("button", name="Where is my parcel, the one from Monday??").click()
    drawer = page.get_by_role("dialog", name="Item", exact=True)
    await expect(drawer).to_contain_text("billing")
    before = page.url
    await check_axe(page, without=BEHIND)
    await drawer.get_by_role("button", name="Correct the right answer").click()
    form = drawer.get_by_role("form", name="Correct the right answer")
    field = form.get_by_label("The right answer")
    await expect(field).to_be_focused()
    await expect(field).to_have_value("billing")
    await expect(form.get_by_role("button", name="Save")).to_be_disabled()
    await field.fill(" ")
    await expect(form.get_by_text("Fill it in, or take the item out.")).to_be_visible()
    expect_console(page, "status of 422")
    await field.fill("y" * 16_385)
    await form.get_by_role("button", name="Save").click()
    await expect(field).to_have_attribute("aria-invalid", "true")
    await check_axe(page, without=BEHIND)
    await field.fill("delivery")
    await form.get_by_role("button", name="Save").click()
    await told(page, "Corrected: version 2")
    await expect(form).to_have_count(0)
    await expect(drawer).to_contain_text("delivery")
    await expect(drawer).to_contain_text("version 2 of the dataset")
    await expect(page).not_to_have_url(before)

    await escape(page, drawer)
    items = page.get_by_role("table", name="Items")
    await expect(items.get_by_role("row").filter(has_text="delivery")).to_have_count(2)
    await expect(page.get_by_label("Items by split")).to_contain_text("version 2")
    await items.get_by_role("button", name="Monday??").click()
    await messages_stay(page)
    await drawer.get_by_role("button", name="Take out").click()
    await told(page, "Taken out: version 3")
    await expect(drawer).to_have_count(0)
    await expect(items.get_by_role("row")).to_have_count(2)
    await page.get_by_role("button", name="Undo").last.click()
    await told(page, "It is in the dataset again")
    await expect(items.get_by_role("row")).to_have_count(3)
    back = (await site.call("GET", f"/v1/datasets/{mine['id']}/items"))["data"][1]
    assert (back["split"], back["expected"], back["metadata"]["group"]) == ("test", "delivery", "bob")

    await page.goto(before)
    await expect(drawer.get_by_text("No longer in the dataset since version 2.")).to_be_visible()
    await expect(drawer.get_by_role("button", name="Take out")).to_have_count(0)
    await check_axe(page, without=BEHIND)


async def test_many_runs_of_the_log_become_items_at_once(page_as: OpenPage, site: Site) -> None:
    mine = await site.call("POST", "/v1/datasets", {"name": "From the log", "items": [{"input": {"ticket": "first"}, "expected": "a"}]})
    user = f"user-{uuid4().hex[:8]}"  # Of whom nobody has corrected an answer, and nobody else asks anything.
    for text in ("How long?", "How much?"):
        body = {"messages": [{"role": "user", "content": text}], "model": "simulated/chat", "user_id": user}
        await site.call("POST", "/v1/executions", body)
    page = await page_as("editor", f"/app/datasets/{mine['id']}")
    await page.get_by_role("button", name="Add items").click()
    await page.get_by_role("menuitem", name="From the log").click()
    await page.get_by_role("searchbox", name="End user").fill(user)
    await expect(page.get_by_role("table", name="Runs").locator("tbody tr")).to_have_count(2)
    await page.get_by_role("button", name="Add to a dataset…").click()
    dialog = page.get_by_role("dialog", name="Add runs to a dataset")
    await expect(dialog.get_by_role("button", name="Dataset: From the log")).to_be_visible()
    await dialog.get_by_role("button", name="Take none").click()
    for nth in (0, 1):
        await dialog.get_by_role("list", name="Runs to add").get_by_role("checkbox").nth(nth).check()
    await dialog.get_by_label("Take the answer itself where nobody corrected it").check()
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Add 2 runs").click()
    done = page.get_by_role("dialog", name=re.compile("added to From the log"))
    await expect(done).to_be_visible()
    await done.get_by_role("button", name="Close").first.click()
    items = (await site.call("GET", f"/v1/datasets/{mine['id']}/items"))["data"]
    assert [one["metadata"].get("source") for one in items][1:] == ["execution", "execution"]


async def test_runs_are_chosen_in_the_log_and_only_they_become_items(page_as: OpenPage, site: Site) -> None:
    mine = await site.call("POST", "/v1/datasets", {"name": "Chosen ones", "items": [{"input": {"a": "b"}, "expected": "c"}]})
    user = f"user-{uuid4().hex[:8]}"
    for n in range(5):
        body = {"messages": [{"role": "user", "content": f"Question {n} of {user}"}], "model": "simulated/chat", "user_id": user}
        await site.call("POST", "/v1/executions", body)
    page = await page_as("editor", f"/app/runs?user={user}&to={mine['id']}")
    table = page.get_by_role("table", name="Runs")
    await expect(table.locator("tbody tr")).to_have_count(5)
    boxes = table.get_by_role("row").get_by_role("checkbox", name=re.compile("^Choose the run"))
    await boxes.nth(0).check()
    await boxes.nth(2).click(modifiers=["Shift"])
    await expect(page.get_by_role("button", name="Add 3 to a dataset…")).to_be_visible()
    await boxes.nth(0).uncheck()
    # The same by keys: on a row x chooses, and Shift with an arrow goes on.
    await table.locator("tbody tr").nth(3).get_by_role("button").focus()
    await page.keyboard.press("x")
    await page.keyboard.press("Shift+ArrowDown")
    await expect(page.get_by_text("4 chosen")).to_be_visible()
    await page.keyboard.press("x")
    await expect(page.get_by_text("3 chosen")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await check_axe(page)
    await page.get_by_role("button", name="Add 3 to a dataset…").click()
    dialog = page.get_by_role("dialog", name="Add runs to a dataset")
    await expect(dialog.get_by_text("Runs that you chose")).to_be_visible()
    await dialog.get_by_label("Take the answer itself where nobody corrected it").check()
    await dialog.get_by_role("button", name="Add 3 runs").click()
    done = page.get_by_role("dialog", name=re.compile("3 items added to Chosen ones"))
    await done.get_by_role("button", name="Close").first.click()
    items = (await site.call("GET", f"/v1/datasets/{mine['id']}/items"))["data"]
    assert {n for n in range(5) if f"Question {n} of" in str([one["input"] for one in items])} == {1, 2, 3}
    await page.get_by_role("button", name="Choose none").click()
    await expect(page.get_by_role("button", name="Add to a dataset…")).to_be_visible()


async def test_a_model_makes_items_up_and_they_are_marked(page_as: OpenPage, site: Site) -> None:
    mine = await site.call(
        "POST", "/v1/datasets", {"name": "Made up", "items": [{"input": {"ticket": "Where is it?"}, "expected": "delivery"}]}
    )
    page = await page_as("editor", f"/app/datasets/{mine['id']}")
    await page.get_by_role("button", name="Add items").click()
    await page.get_by_role("menuitem", name="Made up").click()
    dialog = page.get_by_role("dialog", name="Make up items")
    await dialog.get_by_role("button", name="Prompt:").click()
    await page.get_by_placeholder("Type to find").fill(site.ids["prompt"])
    await page.get_by_role("option", name=re.compile(rf"^{site.ids['prompt']}(?!-)")).click()
    await dialog.get_by_label("How many").fill("51")
    await expect(dialog).to_contain_text("A number from 1 to 50.")
    await dialog.get_by_label("How many").fill("3")
    await dialog.get_by_role("button", name="Model that makes them:").click()
    await page.get_by_placeholder("Type to find").fill("simulated/chat")
    await page.get_by_role("option", name="simulated/chat").first.click()
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Make 3 items").click()
    done = page.get_by_role("dialog", name=re.compile("made up|Nothing was added"))
    await expect(done).to_contain_text("1 run")
    await done.get_by_role("button", name="Close").first.click()
    made = [one for one in (await site.call("GET", f"/v1/datasets/{mine['id']}/items"))["data"] if one["synthetic"]]
    await expect(page.get_by_role("table", name="Items").get_by_text("made up")).to_have_count(len(made))
    assert all(one["split"] != "test" for one in made)


async def test_a_dataset_is_renamed_put_away_and_brought_back(page_as: OpenPage, site: Site) -> None:
    page = await page_as("editor", "/app/datasets?new=1", workspace_id=await site.new_workspace("Putting away"))
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Old tickets")
    await dialog.get_by_role("textbox", name="Items").fill('{"input": {"ticket": "Where is it?"}, "expected": "delivery"}')
    await dialog.get_by_role("button", name="Create with 1 item").click()
    await expect(page.get_by_role("heading", name="Old tickets")).to_be_visible()
    more = page.get_by_role("button", name="More with this dataset")
    # By keys alone: open, go down to the act, choose it.
    await more.focus()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("menuitem", name="Rename…")).to_be_focused()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Rename Old tickets")
    await expect(dialog.get_by_label("Name")).to_be_focused()
    await expect(dialog.get_by_role("button", name="Rename")).to_be_disabled()
    await dialog.get_by_label("Name").fill("Tickets of 2025")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Tickets of 2025")).to_be_visible()

    await closed(page)
    await more.focus()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("menuitem").first).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("menuitem", name="Archive…")).to_be_focused()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Archive Tickets of 2025?")
    await expect(dialog).to_contain_text("it can be restored as it was")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Archive").click()
    await told(page, "Tickets of 2025 is archived")
    await expect(page.get_by_text("nothing begins on it or changes in it")).to_be_visible()
    add = page.get_by_role("button", name="Add items")
    await expect(add).to_have_attribute("aria-disabled", "true")
    await add.hover()
    await expect(page.get_by_role("tooltip")).to_contain_text("is restored first")
    await expect(page.get_by_role("link", name="Test a version")).to_have_count(0)
    await page.get_by_role("table", name="Items").get_by_role("button", name="Where is it?").click()
    drawer = page.get_by_role("dialog", name="Item", exact=True)
    await expect(drawer.get_by_role("button", name="Take out")).to_have_attribute("aria-disabled", "true")
    await escape(page, drawer)
    await check_axe(page)

    await page.get_by_role("link", name="Datasets").first.click()
    await expect(page.get_by_role("heading", name="No datasets yet")).to_be_visible()
    only = page.get_by_role("button", name="Archived")
    await only.click()
    await expect(only).to_have_attribute("aria-pressed", "true")
    await check_axe(page)
    await page.get_by_role("table", name="Datasets").get_by_role("link", name="Tickets of 2025").click()
    await page.get_by_role("button", name="Restore").click()
    await told(page, "Tickets of 2025 is back")
    await expect(page.get_by_role("link", name="Test a version")).to_be_visible()


async def test_a_dataset_that_nothing_rests_on_is_deleted_and_another_says_what_does(page_as: OpenPage, site: Site) -> None:
    name = f"By mistake {uuid4().hex[:6]}"
    mine = await site.call("POST", "/v1/datasets", {"name": name, "items": [{"input": {"ticket": "a"}, "expected": "b"}]})
    page = await page_as("editor", f"/app/datasets/{mine['id']}")
    await page.get_by_role("button", name="More with this dataset").click()
    await page.get_by_role("menuitem", name="Delete…").click()
    dialog = page.get_by_role("dialog", name=f"Delete {name}?")
    await expect(dialog).to_contain_text("With 1 item and all its versions")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_role("button", name="More with this dataset")).to_be_focused()
    await page.get_by_role("button", name="More with this dataset").click()
    await page.get_by_role("menuitem", name="Delete…").click()
    await dialog.get_by_role("button", name="Delete it").click()
    await told(page, f"{name} is deleted, with 1 item")
    await expect(page).to_have_url(re.compile(r"/app/datasets$"))
    await expect(page.get_by_role("table", name="Datasets")).not_to_contain_text(name)

    expect_console(page, "status of 409")
    await page.goto(page.url + f"/{site.ids['dataset']}")
    await page.get_by_role("button", name="More with this dataset").click()
    await page.get_by_role("menuitem", name="Delete…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete it").click()
    used = page.get_by_role("dialog", name=re.compile("is in use$"))
    await expect(used.get_by_role("list", name="What uses it")).to_contain_text(re.compile(r"\d test runs?: …\w{8}"))
    await check_axe(page, without=BEHIND)
    await used.get_by_role("button", name="Archive it instead").click()
    await escape(page, page.get_by_role("dialog", name=re.compile("^Archive ")))
    assert (await site.call("GET", f"/v1/datasets/{site.ids['dataset']}"))["archived_at"] is None


@pytest.mark.capability("D1")
async def test_versions_say_who_did_what_and_open_their_items(page_as: OpenPage, site: Site) -> None:
    items = [{"input": f"case {n}", "expected": "old answer", "split": "train"} for n in range(2)]
    dataset = (await site.call("POST", "/v1/datasets", {"name": "History", "items": items}))["id"]
    [first, second] = (await site.call("GET", f"/v1/datasets/{dataset}/items"))["data"]
    await site.call("PATCH", f"/v1/datasets/{dataset}/items/{first['id']}", {"expected": "new answer"})
    await site.call("DELETE", f"/v1/datasets/{dataset}/items/{second['id']}")
    page = await page_as("editor", f"/app/datasets/{dataset}")
    await page.get_by_role("tab", name="Versions").click()
    versions = page.get_by_role("table", name="Versions")
    await expect(versions.get_by_role("row")).to_have_count(4)
    for n, words in ((1, "An item taken out"), (2, "1 corrected"), (3, "2 added")):
        await expect(versions.get_by_role("row").nth(n)).to_contain_text(words)
    await check_axe(page)
    await versions.get_by_role("button", name="v1").click()
    await expect(page.get_by_text("Items as they were in version 1.")).to_be_visible()
    table = page.get_by_role("table", name="Items")
    await expect(table.get_by_role("row")).to_have_count(3)
    await expect(table).to_contain_text("old answer")
    await page.reload()
    await expect(table).to_contain_text("old answer")
    await page.get_by_role("button", name="Show the newest").click()
    await expect(table.get_by_role("row")).to_have_count(2)
    await expect(table).to_contain_text("new answer")


async def test_a_file_names_the_dataset_and_its_faults_are_told_by_their_line(page_as: OpenPage, site: Site) -> None:
    page = await page_as("editor", "/app/datasets?new=1", workspace_id=await site.new_workspace("Files"))
    dialog = page.get_by_role("dialog")
    name, file = dialog.get_by_label("Name"), dialog.get_by_label("File of items")
    bad = b'"input";"expected"\n"two\nlines";"a"\n\nb;c;d\n'
    await file.set_input_files(FilePayload(name="tickets.v1.csv", mimeType="text/csv", buffer=bad))
    await expect(dialog.get_by_role("alert")).to_have_text(
        "Line 5 has 3 fields, but there are 2 columns. Is a semicolon in it not within quotes?"
    )
    await expect(name).to_have_value("tickets.v1")
    await dialog.get_by_role("button", name="Take another").click()
    await file.set_input_files(FilePayload(name="tickets.csv", mimeType="text/csv", buffer=bad.replace(b"b;c;d", b"b;c")))
    await expect(name).to_have_value("tickets")
    await name.fill("Mine")
    await dialog.get_by_role("button", name="Take another").click()
    await file.set_input_files(FilePayload(name="other.csv", mimeType="text/csv", buffer=b'input, expected\nhi, "a, b"\n'))
    await expect(name).to_have_value("Mine")
    await dialog.get_by_role("button", name="Create with 1 item").click()
    await expect(page.get_by_role("heading", name="Mine")).to_be_visible()
    await expect(page.get_by_role("table", name="Items")).to_contain_text("a, b")
