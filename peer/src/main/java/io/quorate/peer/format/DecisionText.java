package io.quorate.peer.format;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Lays out a decision for people, from the fields of {@link DecisionJson}; fields that are not there are left out. */
public final class DecisionText {
    private static final int BAR_LENGTH = 32;
    private static final int ANSWER_LENGTH_MAX = 240;
    private static final int LINE_LENGTH = 84;
    private static final int DIGEST_LENGTH = 16;
    private static final String MARGIN = " ".repeat(14);
    private static final String BLOCKS = " ▏▎▍▌▋▊▉█";

    private final Map<String, ?> decision;
    private final UnaryOperator<String> names;
    private final StringBuilder text = new StringBuilder();

    private DecisionText(final Map<String, ?> decision, final UnaryOperator<String> names) {
        this.decision = decision;
        this.names = names;
    }

    /**
     * The decision as lines, the last one ended, too.
     *
     * @param names how to call the peer of an id
     */
    public static String of(final Map<String, ?> decision, final UnaryOperator<String> names) {
        return new DecisionText(decision, names).render();
    }

    /** One line without control characters, which a lying peer could use to rewrite the terminal. */
    public static String printable(final String content) {
        final StringBuilder line = new StringBuilder();
        content.strip()
                .codePoints()
                .map(c -> Character.isWhitespace(c) ? ' ' : c)
                .filter(c -> !Character.isISOControl(c) && Character.getType(c) != Character.FORMAT)
                .forEach(line::appendCodePoint);
        return line.toString().replaceAll(" +", " ");
    }

    private String render() {
        final boolean agreed = "agreed".equals(decision.get("status"));
        row("status", agreed ? "AGREED" : "NO QUORUM");
        if (decision.get("reason") != null) {
            row("why", decision.get("reason").toString());
        }
        if (agreed) {
            row(
                    "consensus",
                    shortened(printable(decision.get("consensus").toString())) + " ["
                            + name(decision.get("consensusPeer")) + "]");
        }
        influence();
        row("support", names(list("support")) + (agreed ? "" : " (the largest group)"));
        row("agreement", number("agreement") + "   strength " + number("strength"));
        byzantine();
        graph();
        latency();
        certificate();
        return text.toString();
    }

    private void influence() {
        if (!(decision.get("influence") instanceof final Map<?, ?> influence) || influence.isEmpty()) {
            return;
        }
        final int width = influence.keySet().stream()
                .mapToInt(id -> name(id).length())
                .max()
                .orElse(0);
        String label = "influence";
        for (final Map.Entry<?, ?> share : influence.entrySet()) {
            final double value = ((Number) share.getValue()).doubleValue();
            row(
                    label,
                    String.format(
                            Locale.ROOT,
                            "%-" + width + "s  %5.1f %%  %s",
                            name(share.getKey()),
                            100 * value,
                            bar(value)));
            label = "";
        }
    }

    private void byzantine() {
        final List<?> suspects = list("byzantine");
        if (suspects.isEmpty()) {
            row("byzantine", "nobody");
            return;
        }
        final List<String> named = new ArrayList<>();
        final Object distances = decision.get("byzantineDistances");
        for (final Object id : suspects) {
            final Object distance = distances instanceof final Map<?, ?> map ? map.get(id.toString()) : null;
            named.add(name(id)
                    + (distance == null
                            ? ""
                            : String.format(Locale.ROOT, " (distance %.3f)", ((Number) distance).doubleValue())));
        }
        row("byzantine", String.join(", ", named));
    }

    private void graph() {
        if (decision.get("gossip") instanceof final Map<?, ?> gossip
                && gossip.get("spreadBefore") instanceof final Number before
                && gossip.get("spreadAfter") instanceof final Number after) {
            final String spread = String.format(
                    Locale.ROOT,
                    " rounds, spread %.4g before and %.4g after",
                    before.doubleValue(),
                    after.doubleValue());
            row("gossip", gossip.get("rounds") + spread + converging(decision.get("converges")));
        }
        if (decision.get("topology") instanceof final Map<?, ?> topology) {
            row(
                    "topology",
                    "by " + topology.get("rope") + ", sigma " + topology.get("sigma") + ", ladder "
                            + topology.get("ladder"));
        }
    }

    private static String converging(final Object converges) {
        if (converges == null) {
            return "";
        }
        return Boolean.TRUE.equals(converges)
                ? "; on this graph averages converge whatever f liars do"
                : "; that averages converge under liars is not claimed on this graph";
    }

    private void latency() {
        final List<String> parts = new ArrayList<>();
        if (decision.get("decisionNanos") instanceof final Number nanos) {
            parts.add("decided in " + milliseconds(nanos));
        }
        if (decision.get("executionNanos") instanceof final Number nanos) {
            parts.add("computed in " + milliseconds(nanos));
        }
        if (decision.get("kernel") instanceof final Map<?, ?> kernel) {
            parts.add("kernels " + kernel.get("name") + ", " + kernel.get("bits") + " bit");
        }
        if (!parts.isEmpty()) {
            row("latency", String.join("; ", parts));
        }
    }

    private void certificate() {
        final List<?> signatures = list("certificate");
        if (signatures.isEmpty()) {
            return;
        }
        final List<Object> signers = new ArrayList<>();
        String digest = "";
        for (final Object signature : signatures) {
            if (signature instanceof final Map<?, ?> fields) {
                signers.add(fields.get("peer"));
                digest = String.valueOf(fields.get("digest"));
            }
        }
        row(
                "certificate",
                "digest " + digest.substring(0, Math.min(DIGEST_LENGTH, digest.length())) + "... signed by "
                        + names(signers));
    }

    private void row(final String label, final String value) {
        text.append(String.format("  %-11s ", label));
        int column = MARGIN.length();
        for (final String word : value.split(" ", -1)) {
            if (column > MARGIN.length() && column + word.length() > LINE_LENGTH) {
                text.setLength(text.length() - 1);
                text.append('\n').append(MARGIN);
                column = MARGIN.length();
            }
            text.append(word).append(' ');
            column += word.length() + 1;
        }
        text.setLength(text.length() - 1);
        text.append('\n');
    }

    private List<?> list(final String field) {
        return decision.get(field) instanceof final List<?> list ? list : List.of();
    }

    private String names(final List<?> ids) {
        return ids.isEmpty()
                ? "nobody"
                : String.join(", ", ids.stream().map(this::name).toList());
    }

    private String name(final Object id) {
        return printable(names.apply(String.valueOf(id)));
    }

    private String number(final String field) {
        return decision.get(field) instanceof final Number number
                ? String.format(Locale.ROOT, "%.3f", number.doubleValue())
                : "unknown";
    }

    private static String milliseconds(final Number nanos) {
        return String.format(Locale.ROOT, "%.2f ms", nanos.longValue() / 1e6);
    }

    private static String shortened(final String content) {
        return content.length() <= ANSWER_LENGTH_MAX ? content : content.substring(0, ANSWER_LENGTH_MAX) + "...";
    }

    private static String bar(final double share) {
        final int eighths = (int) Math.round(Math.max(0, Math.min(1, share)) * BAR_LENGTH * 8);
        final String rest = eighths % 8 == 0 ? "" : String.valueOf(BLOCKS.charAt(eighths % 8));
        return "█".repeat(eighths / 8) + rest;
    }
}
