import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { answering, withSockets } from "../testing/hub";
import { faults, open } from "../testing/render";
import { preferredLanguage } from "./i18n";

beforeEach(() => {
  withSockets();
  answering({ "GET /api/me": { status: 401 } });
});

async function choose(name: string) {
  await userEvent.click(await screen.findByRole("button", { name: /^(Language|اللغة)/ }));
  await userEvent.click(await screen.findByRole("menuitemradio", { name }));
}

describe("another language", () => {
  it("turns words and direction at once, keeps what was typed, and is remembered", async () => {
    open("/");
    await userEvent.type(await screen.findByLabelText("Work e-mail"), "alice@example.org");
    await choose("العربية");

    expect(await screen.findByRole("heading", { name: "تسجيل الدخول" })).toBeVisible();
    expect(screen.getByLabelText("بريد العمل الإلكتروني")).toHaveValue("alice@example.org");
    expect(document.documentElement).toHaveAttribute("dir", "rtl");
    expect(document.documentElement).toHaveAttribute("lang", "ar");
    await waitFor(() => expect(document.title).toBe("تسجيل الدخول · Daylight"));
    expect(preferredLanguage()).toBe("ar");
    expect(await faults()).toEqual([]);

    await choose("English");
    expect(await screen.findByRole("heading", { name: "Sign in" })).toBeVisible();
    expect(document.documentElement).toHaveAttribute("dir", "ltr");
  });

  it("mirrors MUI's own styles", async () => {
    open("/");
    await choose("العربية");
    await screen.findByRole("heading", { name: "تسجيل الدخول" });

    await waitFor(() => expect(document.querySelector("style[data-emotion=rtl]")).not.toBeNull());
  });

  it("is at first the browser's, where it is spoken", () => {
    vi.spyOn(navigator, "languages", "get").mockReturnValue(["de-DE", "ar-EG", "en"]);

    expect(preferredLanguage()).toBe("ar");
  });

  it("that is not known here is passed over", () => {
    localStorage.setItem("daylight-language", "tlh");

    expect(preferredLanguage()).toBe("en");
  });
});
