package io.quorate.benchmarks.decide;

import java.util.Locale;
import org.HdrHistogram.Histogram;

/** Latencies as a picture: microseconds, logarithmic, over the part of requests that took longer: 1 of 10, 1 of 100 and so on. */
final class LatencyPlot {
    private static final int WIDTH = 640;
    private static final int HEIGHT = 360;
    private static final int LEFT = 80;
    private static final int TOP = 60;
    private static final int MARGIN = 60;
    private static final int STEPS = 400;
    private static final String[] LABELS = {"0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %"};

    private final Histogram latencies;
    private final double nines;
    private final int lowest;
    private final int highest;
    private final StringBuilder svg = new StringBuilder();

    private LatencyPlot(final Histogram latencies) {
        this.latencies = latencies;
        // No further than there are requests to say something.
        nines = Math.clamp(Math.floor(Math.log10(Math.max(10, latencies.getTotalCount()))), 1, LABELS.length - 1);
        lowest = (int) Math.floor(Math.log10(Math.max(1, latencies.getMinNonZeroValue())));
        highest = Math.max(lowest + 1, (int) Math.ceil(Math.log10(Math.max(1, latencies.getMaxValue()))));
    }

    static String svg(final DecideReport report) {
        return new LatencyPlot(report.latencies()).draw(report.description());
    }

    private String draw(final String title) {
        add(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">",
                LEFT + WIDTH + MARGIN, TOP + HEIGHT + MARGIN);
        add("<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>");
        add("<text x=\"8\" y=\"20\" font-size=\"11\">%s</text>", title);
        for (int decade = lowest; decade <= highest; decade++) {
            final double y = y(Math.pow(10, decade));
            add("<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#ddd\"/>", LEFT, y, LEFT + WIDTH, y);
            add("<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s us</text>", LEFT - 6, y + 4, microseconds(decade));
        }
        for (int nine = 0; nine <= nines; nine++) {
            final double x = x(nine);
            add("<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#ddd\"/>", x, TOP, x, TOP + HEIGHT);
            add("<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>", x, TOP + HEIGHT + 18, LABELS[nine]);
        }
        add(
                "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">of the requests took at most</text>",
                LEFT + WIDTH / 2, TOP + HEIGHT + 40);
        final StringBuilder points = new StringBuilder();
        for (int step = 0; step <= STEPS; step++) {
            final double nine = nines * step / STEPS;
            final double percentile = 100 * (1 - Math.pow(10, -nine));
            points.append(
                    String.format(Locale.ROOT, "%.1f,%.1f ", x(nine), y(latencies.getValueAtPercentile(percentile))));
        }
        add(
                "<polyline points=\"%s\" fill=\"none\" stroke=\"#0072b2\" stroke-width=\"2\"/>",
                points.toString().strip());
        return svg.append("</svg>\n").toString();
    }

    private double x(final double nine) {
        return LEFT + WIDTH * nine / nines;
    }

    private double y(final double nanos) {
        return TOP + HEIGHT * (highest - Math.log10(Math.max(1, nanos))) / (highest - lowest);
    }

    private static String microseconds(final int decade) {
        return decade >= 3
                ? String.format(Locale.ROOT, "%,.0f", Math.pow(10, decade - 3))
                : String.format(Locale.ROOT, "%." + (3 - decade) + "f", Math.pow(10, decade - 3));
    }

    private void add(final String format, final Object... arguments) {
        svg.append(String.format(Locale.ROOT, format, arguments)).append('\n');
    }
}
