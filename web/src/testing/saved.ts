/** The files that a page has the browser save. */
export interface Saved {
  name: string;
  file: Blob;
}

export function saving(): Saved[] {
  const saved: Saved[] = [];
  const files = new Map<string, Blob>();
  URL.createObjectURL = (file) => {
    const url = `#${files.size}`;
    files.set(url, file as Blob);
    return url;
  };
  URL.revokeObjectURL = () => {}; // jsdom has neither
  HTMLAnchorElement.prototype.click = function () {
    const file = files.get(this.getAttribute("href") ?? "");
    if (file) {
      saved.push({ name: this.download, file });
    }
  };
  return saved;
}
