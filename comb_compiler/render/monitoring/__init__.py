"""How a comb is watched: how Prometheus finds it, rules that say when a promise breaks, and a dashboard."""

from comb_compiler.render.monitoring.dashboard import dashboards
from comb_compiler.render.monitoring.rules import prometheus_rules
from comb_compiler.render.monitoring.scraping import scrape_annotations, service_monitors

__all__ = ["dashboards", "prometheus_rules", "scrape_annotations", "service_monitors"]
