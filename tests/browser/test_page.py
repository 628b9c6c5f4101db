"""The page in a real browser, as somebody in front of it sees it."""

from __future__ import annotations

import msgspec
from playwright.async_api import Page, expect

from shared.api.identity import Nobody, Principal
from shared.fleet import Fleet
from shared.model import Outcome
from tests.browser.conftest import Site
from tests.engine.rig import Rig
from tests.fleets import FLEET


async def arrive(page: Page, site: Site, fleet: str = "") -> None:
    """Open the page, at a fleet if one is named."""
    await page.goto(f"{site.url}#{fleet}" if fleet else site.url)


async def test_a_rollout_under_way_is_shown_with_its_sentence_and_time_to_safety(
    site: Site, page: Page
) -> None:
    rig = site.client.rig
    await arrive(page, site)
    main, fleets = page.get_by_role("main"), page.get_by_role("navigation", name="Fleets")
    await expect(main).to_contain_text("Choose a fleet.")
    await fleets.get_by_role("link", name="contoso").press("Enter")
    await expect(main.get_by_role("heading", name="contoso")).to_be_visible()
    await expect(main).to_contain_text("All users are on blue.")
    await expect(main).to_contain_text("There has been none yet.")
    await rig.publish_version()
    rollout = await rig.until("bake")
    await expect(main).to_contain_text("All users are on green.")
    await expect(main).to_contain_text("T4 retire, step bake")
    await expect(main).to_contain_text(rollout.because)
    await expect(page.get_by_role("status")).to_contain_text(rollout.because)
    back = main.get_by_role("table", name="Time to safety")
    await expect(back.get_by_role("row", name="aks.contoso.com")).to_contain_text("users took to follow")
    await expect(main.get_by_role("table", name="The newest verdict")).to_contain_text("pass")
    assert await page.get_by_role("button").count() == 0


async def test_from_destroy_on_the_page_says_that_there_is_no_way_back(site: Site, page: Page) -> None:
    rig = site.client.rig
    await rig.publish_version()
    await rig.until("destroy")
    while not (await rig.rollout()).destroying:
        await rig.minute()
    await arrive(page, site, "contoso")
    main = page.get_by_role("main")
    await expect(main).to_contain_text(
        "There is no way back any more: the cluster of blue is being destroyed"
    )
    assert (await rig.ended()).outcome is Outcome.COMPLETED
    await expect(main).to_contain_text("completed at")


async def test_markup_in_a_sentence_is_shown_as_text(site: Site, page: Page) -> None:
    script = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    rig = site.client.rig
    await rig.publish_version()
    await rig.until("bake")
    row = await rig.store.load("contoso")
    rollout = msgspec.structs.replace(await rig.rollout(), because=script)
    state = msgspec.structs.replace(row.state, rollout=rollout)
    original = rig.store.load

    async def load(name: str) -> object:
        return msgspec.structs.replace(await original(name), state=state)

    rig.store.load = load  # type: ignore[method-assign, assignment]
    await arrive(page, site, "contoso")
    await expect(page.get_by_role("main")).to_contain_text(script)
    assert await page.locator("main script, main img").count() == 0
    await arrive(page, site, "%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    await page.reload()
    await expect(page.get_by_role("main")).to_contain_text("There is no fleet of that name.")


async def test_a_controller_that_goes_away_is_missed_and_found_again(site: Site, page: Page) -> None:
    await arrive(page, site, "contoso")
    main, trouble = page.get_by_role("main"), page.get_by_role("alert")
    await expect(main).to_contain_text("All users are on blue.")
    await site.close()
    await expect(trouble).to_contain_text("Switchyard cannot be reached. What is shown is as of")
    await expect(main).to_contain_text("All users are on blue.")
    await site.open()
    await expect(trouble).to_be_empty()


async def test_without_an_identity_there_is_no_data_and_the_page_says_where_to_sign_in(
    site: Site, page: Page
) -> None:
    site.caller = Nobody("sign in")
    await arrive(page, site, "contoso")
    main, trouble = page.get_by_role("main"), page.get_by_role("alert")
    await expect(trouble).to_contain_text("You are not signed in, or your sign-in has ended.")
    sign_in = await trouble.get_by_role("link", name="Sign in").get_attribute("href")
    assert sign_in == "/.auth/login/aad?post_login_redirect_uri=%2Fapi%2Fpage%23contoso"
    await expect(main).not_to_contain_text("blue")
    site.caller = Principal(name="somebody@contoso.com", roles=frozenset())
    await expect(trouble).to_contain_text("somebody@contoso.com may not list the fleets")


async def test_a_way_back_that_is_not_proven_is_told_with_its_reason(site: Site, page: Page) -> None:
    rig: Rig = site.client.rig
    await rig.publish_version()
    await rig.until("bake")
    fleet: Fleet = FLEET
    words = "blue can give 3.6 cores beside the 6.0 that it uses, and green uses 6.0 now"
    row = await rig.store.load(fleet.name)
    rollout = msgspec.structs.replace(await rig.rollout(), unready=words, unproven="Azure Monitor is away")
    state = msgspec.structs.replace(row.state, rollout=rollout)
    original = rig.store.load

    async def load(name: str) -> object:
        return msgspec.structs.replace(await original(name), state=state)

    rig.store.load = load  # type: ignore[method-assign, assignment]
    await arrive(page, site, fleet.name)
    main = page.get_by_role("main")
    await expect(main).to_contain_text(f"Not ready: blue could not take all traffic back: {words}.")
    await expect(main).to_contain_text("The last look proved nothing: Azure Monitor is away.")


async def test_a_rollout_in_shadow_is_shown_as_one_and_users_stay_where_they_are(
    site: Site, page: Page
) -> None:
    rig = site.client.rig
    etag = (await rig.store.load("contoso")).fleet_etag
    await rig.store.apply(msgspec.structs.replace(FLEET, shadow=True), if_match=etag, now=rig.clock.now())
    await rig.publish_version()
    await rig.until("bake")
    await arrive(page, site, "contoso")
    main = page.get_by_role("main")
    await expect(main.get_by_role("heading", name="Rollout in shadow")).to_be_visible()
    await expect(main).to_contain_text("The fleet is in shadow: rollouts that begin now change nothing.")
    await expect(main).to_contain_text("All users are on blue: the rollout is in shadow and moves nobody.")
    await expect(page.get_by_role("status")).to_contain_text("contoso, in shadow: ")
