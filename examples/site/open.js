const now = new Date();
const [day, hour] = [now.getDay(), now.getHours()];
const closes = day === 6 ? 12 : day >= 2 ? 13 : 0;
document.getElementById("open").textContent =
  hour >= 7 && hour < closes ? `Open now, until ${closes}:00 or the last loaf.` : "Closed now. The oven is not.";
