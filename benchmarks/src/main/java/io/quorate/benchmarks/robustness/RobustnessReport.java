package io.quorate.benchmarks.robustness;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/** The cells as Markdown for people and as one JSON object for programs. */
final class RobustnessReport {
    private final long seed;
    private final int runs;
    private final List<RobustnessTable.Cell> cells;
    private final int[] counts;
    private final int[] dimensions;

    RobustnessReport(final long seed, final int runs, final List<RobustnessTable.Cell> cells) {
        this.seed = seed;
        this.runs = runs;
        this.cells = cells;
        this.counts =
                cells.stream().mapToInt(RobustnessTable.Cell::count).distinct().toArray();
        this.dimensions = cells.stream()
                .mapToInt(RobustnessTable.Cell::dimension)
                .distinct()
                .toArray();
    }

    String markdown() {
        final StringBuilder text = new StringBuilder();
        text.append("Made by `./quorate bench robustness --runs ")
                .append(runs)
                .append(" --seed ")
                .append(seed)
                .append("`; f = floor((n - 1) / 3) liars.\n\n");
        text.append("## False alarms without liars\n\n")
                .append(
                        "Percent of runs in which an honest row is named: guard 1.5 (the detector's) / none / 2.0.\n\n");
        header(text, "d");
        for (final int dimension : dimensions) {
            row(text, Integer.toString(dimension), count -> {
                final List<DetectorCount> detector =
                        cell(count, dimension, Attack.NONE).detector();
                return percent(detector.get(0).alarmRate()) + " / "
                        + percent(detector.get(1).alarmRate()) + " / "
                        + percent(detector.get(2).alarmRate());
            });
        }
        for (final int dimension : dimensions) {
            text.append("\n## Detector under attack, d = ")
                    .append(dimension)
                    .append(
                            "\n\nPercent of liars that are missed / percent of runs in which an honest row is named.\n\n");
            header(text, "attack");
            for (final Attack attack : Attack.values()) {
                if (attack != Attack.NONE) {
                    row(text, attack.label(), count -> {
                        final DetectorCount detector =
                                cell(count, dimension, attack).detector().get(0);
                        return percent(detector.missRate()) + " / " + percent(detector.alarmRate());
                    });
                }
            }
        }
        for (final int dimension : dimensions) {
            errors(text, dimension);
        }
        return text.toString();
    }

    private void errors(final StringBuilder text, final int dimension) {
        text.append("\n## Errors, d = ")
                .append(dimension)
                .append(
                        "\n\nDistance of the result from the honest mean in honest spreads: mean of the runs, of the n with the")
                .append(" greatest one.\n\n| rule |");
        for (final Attack attack : Attack.values()) {
            text.append(' ').append(attack.label()).append(" |");
        }
        text.append("\n|---|").append("---|".repeat(Attack.values().length)).append('\n');
        for (final String rule : RobustnessTable.ruleNames()) {
            text.append("| ").append(rule).append(" |");
            for (final Attack attack : Attack.values()) {
                final double worst = IntStream.of(counts)
                        .mapToDouble(
                                count -> cell(count, dimension, attack).errors().get(rule))
                        .max()
                        .orElse(0);
                text.append(' ').append(figure(worst)).append(" |");
            }
            text.append('\n');
        }
    }

    private void header(final StringBuilder text, final String first) {
        text.append("| ").append(first).append(" |");
        for (final int count : counts) {
            text.append(" n = ").append(count).append(" |");
        }
        text.append("\n|---|").append("---|".repeat(counts.length)).append('\n');
    }

    private void row(final StringBuilder text, final String first, final Function<Integer, String> value) {
        text.append("| ").append(first).append(" |");
        for (final int count : counts) {
            text.append(' ').append(value.apply(count)).append(" |");
        }
        text.append('\n');
    }

    static String times(final Map<String, double[]> times) {
        final StringBuilder text = new StringBuilder("## Times on this machine\n\nMicroseconds a call, d = ")
                .append(RuleTimes.DIMENSION)
                .append(", f far liars.\n\n| rule |");
        for (final int count : RuleTimes.COUNTS) {
            text.append(" n = ").append(count).append(" |");
        }
        text.append("\n|---|").append("---|".repeat(RuleTimes.COUNTS.length)).append('\n');
        times.forEach((rule, micros) -> {
            text.append("| ").append(rule).append(" |");
            for (final double value : micros) {
                text.append(' ')
                        .append(String.format(Locale.ROOT, "%.1f", value))
                        .append(" |");
            }
            text.append('\n');
        });
        return text.toString();
    }

    String json() {
        final StringBuilder text = new StringBuilder("{\"seed\":")
                .append(seed)
                .append(",\"runs\":")
                .append(runs)
                .append(",\"cells\":[");
        String separator = "";
        for (final RobustnessTable.Cell cell : cells) {
            text.append(separator)
                    .append("{\"n\":")
                    .append(cell.count())
                    .append(",\"d\":")
                    .append(cell.dimension())
                    .append(",\"f\":")
                    .append(RobustnessTable.faulty(cell.count()))
                    .append(",\"attack\":\"")
                    .append(cell.attack().label())
                    .append("\",\"missRate\":")
                    .append(cell.detector().get(0).missRate())
                    .append(",\"falseAlarmRate\":")
                    .append(cell.detector().get(0).alarmRate())
                    .append(",\"falseAlarmRateUnguarded\":")
                    .append(cell.detector().get(1).alarmRate())
                    .append(",\"errors\":{");
            String comma = "";
            for (final Map.Entry<String, Double> error : cell.errors().entrySet()) {
                text.append(comma)
                        .append('"')
                        .append(error.getKey())
                        .append("\":")
                        .append(error.getValue());
                comma = ",";
            }
            text.append("}}");
            separator = ",";
        }
        return text.append("]}\n").toString();
    }

    private RobustnessTable.Cell cell(final int count, final int dimension, final Attack attack) {
        for (final RobustnessTable.Cell cell : cells) {
            if (cell.count() == count && cell.dimension() == dimension && cell.attack() == attack) {
                return cell;
            }
        }
        throw new IllegalStateException("no cell for n = " + count + ", d = " + dimension + ", " + attack.label());
    }

    private static String percent(final double rate) {
        return String.format(Locale.ROOT, "%.0f", 100 * rate);
    }

    private static String figure(final double value) {
        return value < 100 ? String.format(Locale.ROOT, "%.2f", value) : String.format(Locale.ROOT, "%.0e", value);
    }
}
