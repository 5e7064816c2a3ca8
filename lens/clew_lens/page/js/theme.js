// Dark or light: as the system says, until a choice is made here.

const KEY = "clew-lens-theme";
const system = matchMedia("(prefers-color-scheme: light)");

function apply() {
  document.documentElement.dataset.theme = localStorage.getItem(KEY) ?? (system.matches ? "light" : "dark");
}

export function toggleTheme() {
  localStorage.setItem(KEY, document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  apply();
}

system.addEventListener("change", apply);
apply();
