"""Draws what resilience.py saw as an SVG: the latency of every call, how the calls of each second ended, and the breaker.

Without a plotting library: thousands of points are one path, so that the picture stays small.
"""

import math
from xml.sax.saxutils import escape

WIDTH = 960
LEFT, RIGHT = 92, 20
HEAD = 84
LATENCY, SHARES, BREAKER = 190, 46, 16  # heights of the three parts of a panel
GAP = 10
PANEL = 34 + LATENCY + GAP + SHARES + GAP + BREAKER + 34
DECADES = (-2, 4)  # of milliseconds

INK, FAINT = "#24292f", "#d0d7de"
OUTCOMES = {
  "new": ("#0072b2", "new answer"),
  "cached": ("#56b4e9", "from the cache"),
  "stale": ("#e69f00", "from the cache, stale"),
  "failed": ("#c8352b", "failed"),
}
STATES = {"closed": ("#009e73", "closed"), "half_open": ("#e69f00", "half-open"), "open": ("#c8352b", "open")}


def draw(phases, seconds, outage):
  """The text of the SVG."""
  height = HEAD + len(phases) * PANEL + 26
  parts = [
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    f' font-family="Helvetica, Arial, sans-serif" font-size="12" fill="{INK}">',
    f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    text(LEFT, 26, "Searches while the backend fails", size=18, weight="bold"),
    text(LEFT, 46, "30 % of the requests fail, 5 % are 200 ms late, and for some seconds nothing is reached"),
  ]
  parts += legend(66)
  for number, phase in enumerate(phases):
    parts += Panel(HEAD + number * PANEL, phase, seconds, outage).draw()
  parts.append(text((LEFT + WIDTH - RIGHT) / 2, height - 12, "seconds", anchor="middle"))
  parts.append("</svg>")
  return "\n".join(parts) + "\n"


def legend(y):
  parts, x = [], LEFT
  for colour, name in OUTCOMES.values():
    parts.append(f'<circle cx="{x + 4}" cy="{y - 4}" r="4" fill="{colour}"/>')
    parts.append(text(x + 13, y, name))
    x += 32 + 6.4 * len(name)
  for dash, name in (("", "p50"), ("5 3", "p95")):
    parts.append(line(x, y - 4, x + 22, y - 4, INK, 1.6, dash))
    parts.append(text(x + 28, y, name))
    x += 48 + 6.4 * len(name)
  parts.append(f'<path d="M{x + 4} {y - 1}l-4 -7h8z" fill="{STATES["half_open"][0]}"/>')
  parts.append(text(x + 14, y, "breaker half-open"))
  return parts


class Panel:
  """One phase, its upper edge at `top`."""

  def __init__(self, top, phase, seconds, outage):
    self.phase, self.seconds, self.outage = phase, seconds, outage
    self.title = top + 22
    self.latency = top + 34
    self.shares = self.latency + LATENCY + GAP
    self.breaker = self.shares + SHARES + GAP
    self.bottom = self.breaker + BREAKER

  def x(self, second):
    return LEFT + min(second, self.seconds) / self.seconds * (WIDTH - LEFT - RIGHT)

  def y(self, milliseconds):
    low, high = DECADES
    place = (math.log10(max(milliseconds, 10**low)) - low) / (high - low)
    return self.latency + LATENCY * (1 - min(place, 1))

  def draw(self):
    return [
      text(LEFT, self.title, self.phase.title, size=14, weight="bold"),
      *self.draw_outage(),
      *self.draw_axes(),
      *self.draw_points(),
      *self.draw_quantile(50, ""),
      *self.draw_quantile(95, "5 3"),
      *self.draw_shares(),
      *self.draw_breaker(),
    ]

  def draw_outage(self):
    left, right = map(self.x, self.outage)
    return [
      rectangle(left, self.latency, right - left, self.bottom - self.latency, "#eef1f4"),
      text((left + right) / 2, self.latency + 14, "outage", anchor="middle", colour="#57606a"),
    ]

  def draw_axes(self):
    parts = []
    for decade in range(DECADES[0], DECADES[1] + 1):
      y = self.y(10**decade)
      parts.append(line(LEFT, y, WIDTH - RIGHT, y, FAINT, 0.7))
      name = f"{10**decade:g} ms" if decade < 3 else f"{10 ** (decade - 3):g} s"
      parts.append(text(LEFT - 8, y + 4, name, anchor="end"))
    middle = self.latency + LATENCY / 2
    parts.append(
      f'<text transform="translate(22 {middle:g}) rotate(-90)" text-anchor="middle">latency of a call</text>'
    )
    for second in range(0, self.seconds + 1, 2):
      x = self.x(second)
      parts.append(line(x, self.bottom, x, self.bottom + 4, INK, 0.8))
      parts.append(text(x, self.bottom + 17, str(second), anchor="middle"))
    return parts

  def draw_points(self):
    parts = []
    for outcome, (colour, _) in OUTCOMES.items():
      points = [
        f"M{self.x(call.end):.1f} {self.y(call.milliseconds):.1f}h0"
        for call in self.phase.calls
        if call.outcome == outcome and call.end <= self.seconds
      ]
      if points:
        style = 'stroke-width="3.6" stroke-linecap="round" stroke-opacity="0.55"'
        parts.append(f'<path d="{"".join(points)}" stroke="{colour}" {style}/>')
    return parts

  def draw_quantile(self, quantile, dash):
    """A line through the quantiles of the seconds; it breaks where a second has no answer."""
    path, pen = [], "M"
    for second in range(self.seconds):
      good = sorted(call.milliseconds for call in self.phase.between(second, second + 1) if call.outcome != "failed")
      if not good:
        pen = "M"
        continue
      value = good[min(len(good) - 1, len(good) * quantile // 100)]
      path.append(f"{pen}{self.x(second + 0.5):.1f} {self.y(value):.1f}")
      pen = "L"
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return [f'<path d="{"".join(path)}" fill="none" stroke="{INK}" stroke-width="1.6"{dashes}/>']

  def draw_shares(self):
    """A bar a second: which part of its calls ended how."""
    parts = [text(LEFT - 8, self.shares + SHARES / 2 + 4, "calls ended", anchor="end")]
    for second in range(self.seconds):
      calls = self.phase.between(second, second + 1)
      y = self.shares + SHARES
      for outcome, (colour, _) in OUTCOMES.items():
        share = sum(call.outcome == outcome for call in calls) / len(calls) * SHARES if calls else 0
        if share:
          y -= share
          width = self.x(second + 1) - self.x(second) - 1.5
          parts.append(rectangle(self.x(second) + 0.75, y, width, share, colour))
    return parts

  def draw_breaker(self):
    parts, marks = [text(LEFT - 8, self.breaker + 12, "breaker", anchor="end")], []
    changes = [(0, "closed"), *((s, state) for s, state in self.phase.breaker if s < self.seconds)]
    for (start, state), (end, _) in zip(changes, [*changes[1:], (self.seconds, "")]):
      colour, name = STATES[state]
      left, width = self.x(start), self.x(end) - self.x(start)
      if state == "half_open":
        # Mostly a moment: a mark above the band, so that it is seen.
        tip = f"M{left:.1f} {self.breaker:.1f}l-4 -7h8z"
        marks.append(f'<path d="{tip}" fill="{colour}"/>')
      parts.append(rectangle(left, self.breaker, width, BREAKER, colour))
      if width > 8 + 6 * len(name):
        parts.append(text(left + width / 2, self.breaker + 12, name, anchor="middle", size=11, colour="#ffffff"))
    return parts + marks


def text(x, y, words, anchor="start", size=12, weight="normal", colour=INK):
  return (
    f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" fill="{colour}">'
    f"{escape(words)}</text>"
  )


def line(x1, y1, x2, y2, colour, width, dash=""):
  dashes = f' stroke-dasharray="{dash}"' if dash else ""
  return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{colour}" stroke-width="{width}"{dashes}/>'


def rectangle(x, y, width, height, colour):
  return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'
