import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { answering } from "../testing/hub";
import { show } from "../testing/render";
import { ZoneBox } from "./ZoneBox";

it("sends no form with the zone from before while another one is typed and the zones are on their way", async () => {
  answering({ "GET /api/zones": () => new Promise<never>(() => undefined) });
  const sent = vi.fn((event: { preventDefault: () => void }) => event.preventDefault());
  show(
    <form onSubmit={sent}>
      <ZoneBox id="zone" zone="UTC" onZone={() => undefined} described={{ "aria-label": "Zone" }} none="None" />
    </form>,
  );
  await userEvent.type(screen.getByRole("combobox", { name: "Zone" }), "warsaw{Enter}");
  expect(sent).not.toHaveBeenCalled();

  await userEvent.clear(screen.getByRole("combobox", { name: "Zone" }));
  await userEvent.type(screen.getByRole("combobox", { name: "Zone" }), "UTC{Escape}{Enter}");
  expect(sent).toHaveBeenCalledOnce();
});
