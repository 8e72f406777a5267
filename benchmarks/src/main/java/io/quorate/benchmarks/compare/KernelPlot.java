package io.quorate.benchmarks.compare;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The rows as a picture: time of a call over n, both axes logarithmic, one panel for each number of threads. */
final class KernelPlot {
    private static final int PANEL_WIDTH = 460;
    private static final int PANEL_HEIGHT = 420;
    private static final int LEFT = 70;
    private static final int TOP = 50;
    private static final int GAP = 80;
    private static final int BOTTOM = 60;
    private static final int LEGEND_WIDTH = 170;
    private static final int LEGEND_STEP = 20;

    /** Colours that differ in lightness as well, for printers and for colour-blind eyes. */
    private static final String[] COLOURS = {
        "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999", "#7f3c8d", "#a5aa99"
    };

    private final List<KernelRow> rows;
    private final List<String> kernels;
    private final List<Integer> sizes;
    private final double lowest;
    private final double highest;
    private final StringBuilder svg = new StringBuilder();

    private KernelPlot(final List<KernelRow> rows) {
        this.rows = rows;
        this.kernels = rows.stream().map(KernelRow::kernel).distinct().toList();
        this.sizes = rows.stream().map(KernelRow::n).distinct().sorted().toList();
        lowest = Math.floor(
                Math.log10(rows.stream().mapToDouble(KernelRow::nanos).min().orElse(1e3)));
        highest = Math.max(
                lowest + 1,
                Math.ceil(Math.log10(
                        rows.stream().mapToDouble(KernelRow::nanos).max().orElse(1e9))));
    }

    static String svg(final List<KernelRow> rows) {
        return new KernelPlot(rows).draw();
    }

    private String draw() {
        final List<Integer> threads =
                rows.stream().map(KernelRow::threads).distinct().sorted().toList();
        final int width = LEFT + Math.max(1, threads.size()) * (PANEL_WIDTH + GAP) + LEGEND_WIDTH;
        final int height = TOP + PANEL_HEIGHT + BOTTOM;
        add(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">",
                width, height);
        add("<rect width=\"%d\" height=\"%d\" fill=\"white\"/>", width, height);
        for (int i = 0; i < threads.size(); i++) {
            panel(LEFT + i * (PANEL_WIDTH + GAP), threads.get(i));
        }
        legend(LEFT + threads.size() * (PANEL_WIDTH + GAP));
        return svg.append("</svg>\n").toString();
    }

    private void panel(final int left, final int threads) {
        add(
                "<text x=\"%d\" y=\"%d\" font-size=\"14\">attention, d = %d, %d heads, %d thread%s</text>",
                left, TOP - 20, Workload.MODEL_DIM, Workload.HEADS, threads, threads == 1 ? "" : "s");
        for (int decade = (int) lowest; decade <= (int) highest; decade++) {
            final double y = y(Math.pow(10, decade));
            add("<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#ddd\"/>", left, y, left + PANEL_WIDTH, y);
            add("<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>", left - 6, y + 4, time(decade));
        }
        for (final int n : sizes) {
            final double x = left + x(n);
            add("<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#ddd\"/>", x, TOP, x, TOP + PANEL_HEIGHT);
            add("<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>", x, TOP + PANEL_HEIGHT + 18, n);
        }
        add(
                "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">n, rows that attend over themselves</text>",
                left + PANEL_WIDTH / 2, TOP + PANEL_HEIGHT + 40);
        add(
                "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#444\"/>",
                left, TOP, PANEL_WIDTH, PANEL_HEIGHT);
        for (final String kernel : kernels) {
            curve(left, threads, kernel);
        }
    }

    private void curve(final int left, final int threads, final String kernel) {
        final List<String> points = new ArrayList<>();
        for (final int n : sizes) {
            final KernelRow row = KernelReport.find(rows, n, threads, kernel);
            if (row != null) {
                points.add(String.format(Locale.ROOT, "%.1f,%.1f", left + x(n), y(row.nanos())));
            }
        }
        final String colour = colour(kernel);
        add(
                "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%s\"/>",
                String.join(" ", points), colour, isOurs(kernel) ? "3" : "1.5");
        for (final String point : points) {
            final int comma = point.indexOf(',');
            add(
                    "<circle cx=\"%s\" cy=\"%s\" r=\"3\" fill=\"%s\"/>",
                    point.substring(0, comma), point.substring(comma + 1), colour);
        }
    }

    private void legend(final int left) {
        add("<text x=\"%d\" y=\"%d\">time of a call, median</text>", left, TOP + 4);
        for (int i = 0; i < kernels.size(); i++) {
            final int y = TOP + (i + 1) * LEGEND_STEP;
            add(
                    "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\" stroke-width=\"%s\"/>",
                    left, y, left + 24, y, colour(kernels.get(i)), isOurs(kernels.get(i)) ? "3" : "1.5");
            add("<text x=\"%d\" y=\"%d\">%s</text>", left + 30, y + 4, kernels.get(i));
        }
    }

    private static boolean isOurs(final String kernel) {
        return kernel.equals(OwnKernels.GENERAL) || kernel.equals(OwnKernels.SYMMETRIC);
    }

    private String colour(final String kernel) {
        return COLOURS[kernels.indexOf(kernel) % COLOURS.length];
    }

    private double x(final int n) {
        final double first = Math.log(sizes.get(0));
        final double last = Math.log(sizes.get(sizes.size() - 1));
        final double share = last > first ? (Math.log(n) - first) / (last - first) : 0.5;
        return (0.05 + 0.9 * share) * PANEL_WIDTH;
    }

    private double y(final double nanos) {
        return TOP + PANEL_HEIGHT * (highest - Math.log10(nanos)) / (highest - lowest);
    }

    private static String time(final int decade) {
        final String[] units = {"ns", "us", "ms", "s"};
        final int unit = Math.max(0, Math.min(units.length - 1, Math.floorDiv(decade, 3)));
        return String.format(Locale.ROOT, "%.0f %s", Math.pow(10, decade - 3.0 * unit), units[unit]);
    }

    private void add(final String format, final Object... arguments) {
        svg.append(String.format(Locale.ROOT, format, arguments)).append('\n');
    }
}
