package io.quorate.engine.coordination;

import java.text.Normalizer;
import java.util.Locale;

/**
 * Which answers count as the same. Always those that are equal after Unicode NFC and whitespace folding; by the rule
 * {@link Rule#NEAR} also those that are worded alike.
 *
 * <p>Called by {@link Coordinator}; after construction it allocates nothing.
 */
public final class Grouping {
    private final Rule rule;
    private final double threshold;
    private final int[] cluster;
    private final double[] linkage;

    /** When two answers count as the same. The order of the constants is part of the decision's encoding. */
    public enum Rule {
        /** Equal after NFC and whitespace folding. */
        EXACT,
        /** Complete linkage: every two answers of a group have hashed embeddings of at least the threshold's cosine. */
        NEAR;

        /** As people and files write it. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** @throws IllegalArgumentException if no rule has this label */
        public static Rule of(final String label) {
            for (final Rule rule : values()) {
                if (rule.label().equals(label)) {
                    return rule;
                }
            }
            throw new IllegalArgumentException("grouping is exact or near, given " + label);
        }
    }

    /** How alike two answers are. */
    interface Likeness {
        /** Cosine of the embeddings of two contributors, by index. */
        double cosine(int left, int right);
    }

    Grouping(final CoordinatorContext context) {
        rule = context.grouping();
        threshold = context.nearThreshold();
        final int pairs = rule == Rule.NEAR ? context.peerCount() * context.peerCount() : 0;
        cluster = new int[context.peerCount()];
        linkage = new double[pairs];
    }

    /**
     * The form in which answers are compared: Unicode NFC, each run of white space (the Unicode property White_Space) one
     * space, none at either end.
     */
    public static String fold(final String content) {
        final String composed = isAscii(content) ? content : Normalizer.normalize(content, Normalizer.Form.NFC);
        final StringBuilder folded = new StringBuilder(composed.length());
        boolean isGap = false;
        for (int i = 0; i < composed.length(); i++) {
            final char c = composed.charAt(i);
            if (isWhiteSpace(c)) {
                isGap = folded.length() > 0;
            } else {
                if (isGap) {
                    folded.append(' ');
                    isGap = false;
                }
                folded.append(c);
            }
        }
        return folded.toString();
    }

    /**
     * Groups the answers of contributors in rising order.
     *
     * @param answers folded contents
     * @param groups receives for each contributor the lowest index in its group
     */
    void group(final String[] answers, final int count, final Likeness likeness, final int[] groups) {
        for (int i = 0; i < count; i++) {
            groups[i] = i;
            for (int j = 0; j < i; j++) {
                if (answers[i].equals(answers[j])) {
                    groups[i] = groups[j];
                    break;
                }
            }
        }
        if (rule == Rule.NEAR) {
            link(count, likeness, groups);
        }
    }

    /**
     * Complete linkage over the distinct answers: the two clusters whose least alike answers are most alike become one, as long
     * as these reach the threshold; of equals those with the lowest indices.
     */
    private void link(final int count, final Likeness likeness, final int[] groups) {
        for (int i = 0; i < count; i++) {
            cluster[i] = groups[i];
            for (int j = 0; j < i; j++) {
                if (groups[i] == i && groups[j] == j) {
                    linkage[i * count + j] = likeness.cosine(j, i);
                    linkage[j * count + i] = linkage[i * count + j];
                }
            }
        }
        while (linkBest(count)) {
            // Each turn makes one cluster less.
        }
        for (int i = 0; i < count; i++) {
            groups[i] = cluster[i];
        }
    }

    private boolean linkBest(final int count) {
        int low = -1;
        int high = -1;
        double best = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            for (int j = i + 1; j < count && cluster[i] == i; j++) {
                if (cluster[j] == j && linkage[i * count + j] > best) {
                    best = linkage[i * count + j];
                    low = i;
                    high = j;
                }
            }
        }
        if (low < 0 || best < threshold) {
            return false;
        }
        for (int k = 0; k < count; k++) {
            final double least = Math.min(linkage[low * count + k], linkage[high * count + k]);
            linkage[low * count + k] = least;
            linkage[k * count + low] = least;
            cluster[k] = cluster[k] == high ? low : cluster[k];
        }
        return true;
    }

    private static boolean isAscii(final String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) >= 0x80) {
                return false;
            }
        }
        return true;
    }

    /** The 25 characters with the Unicode property White_Space; written out, so that no JDK's tables can move a result. */
    private static boolean isWhiteSpace(final char c) {
        return c == ' '
                || (c >= 0x09 && c <= 0x0D)
                || c == 0x85
                || c == 0xA0
                || c == 0x1680
                || (c >= 0x2000 && c <= 0x200A)
                || c == 0x2028
                || c == 0x2029
                || c == 0x202F
                || c == 0x205F
                || c == 0x3000;
    }
}
