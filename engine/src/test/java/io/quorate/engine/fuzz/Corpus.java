package io.quorate.engine.fuzz;

import io.quorate.engine.fuzz.FuzzGroup.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Messages by template, and what a liar makes of them: first those of a group with other keys that went through what groups go through,
 * then those of the group itself, whose signatures hold.
 */
final class Corpus {
    private static final long MS = 1_000_000;
    private static final long RECORDED_KEYS = 2;
    private static final int PER_TEMPLATE_MAX = 128;
    private static final int LENGTH_MAX = 4_096;

    private final Map<Integer, List<Message>> byTemplate = new TreeMap<>();
    private final List<Integer> templates = new ArrayList<>();
    private int next;

    /** Keeps a message in the place of an older one of its template. */
    void learn(final Message message) {
        final List<Message> known = byTemplate.computeIfAbsent(message.templateId(), template -> {
            templates.add(template);
            return new ArrayList<>();
        });
        if (known.size() < PER_TEMPLATE_MAX) {
            known.add(message);
        } else {
            known.set(next++ % PER_TEMPLATE_MAX, message);
        }
    }

    /** Rounds, queries, a crashed primary, a peer that was away for longer than the window. */
    static Corpus record() {
        final Corpus corpus = new Corpus();
        try (FuzzGroup group = new FuzzGroup(RECORDED_KEYS, corpus::learn)) {
            group.pass(100 * MS);
            for (int round = 0; round < 4; round++) {
                rounds(group, "r" + round, 0, 1, 2, 3);
            }
            group.ask(1, "r0");
            group.cutOff(2);
            for (int round = 0; round < 8; round++) {
                rounds(group, "s" + round, 0, 1, 3);
            }
            group.cutOff();
            group.pass(1_000 * MS);
            group.cutOff(0);
            for (int round = 0; round < 2; round++) {
                rounds(group, "t" + round, 1, 2, 3);
            }
            group.cutOff();
            group.pass(3_000 * MS);
        }
        return corpus;
    }

    private static void rounds(final FuzzGroup group, final String round, final int... ids) {
        for (final int id : ids) {
            group.contribute(id, round);
        }
        group.pass(150 * MS);
    }

    List<Integer> templates() {
        return templates;
    }

    /** A message of some template, as it was sent. */
    byte[] any(final SplittableRandom random) {
        final List<Message> of = byTemplate.get(templates.get(random.nextInt(templates.size())));
        return of.get(random.nextInt(of.size())).bytes().clone();
    }

    /** The same, changed in one to four places. */
    byte[] mutated(final SplittableRandom random) {
        byte[] bytes = any(random);
        for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
            bytes = change(bytes, random);
        }
        return bytes;
    }

    private byte[] change(final byte[] bytes, final SplittableRandom random) {
        if (bytes.length == 0) {
            return any(random);
        }
        final int at = random.nextInt(bytes.length);
        switch (random.nextInt(9)) {
            case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> bytes[at] = (byte) random.nextInt();
            case 2 -> putNumber(bytes, at, Integer.BYTES, interesting(random));
            case 3 -> putNumber(bytes, at, Long.BYTES, interesting(random));
            case 4 -> putNumber(bytes, at, Short.BYTES, interesting(random));
            case 5 -> {
                // Near what it was: the next sequence, the view before.
                bytes[at] += (byte) (random.nextInt(9) - 4);
            }
            case 6 -> {
                return Arrays.copyOf(bytes, random.nextInt(Math.min(LENGTH_MAX, 2 * bytes.length + 1)));
            }
            case 7 -> {
                // The end of another one.
                final byte[] other = any(random);
                final int from = random.nextInt(other.length);
                System.arraycopy(other, from, bytes, at, Math.min(other.length - from, bytes.length - at));
            }
            default -> {
                // A stretch twice.
                final int length = Math.min(bytes.length - at, random.nextInt(64));
                final byte[] longer = Arrays.copyOf(bytes, bytes.length + length);
                System.arraycopy(bytes, at, longer, at + length, bytes.length - at);
                return longer;
            }
        }
        return bytes;
    }

    private static long interesting(final SplittableRandom random) {
        return switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> -1;
            case 2 -> Integer.MAX_VALUE;
            case 3 -> Long.MAX_VALUE;
            case 4 -> Long.MIN_VALUE;
            case 5 -> 1L << random.nextInt(64);
            case 6 -> random.nextInt(64);
            default -> random.nextLong();
        };
    }

    private static void putNumber(final byte[] bytes, final int at, final int length, final long value) {
        for (int i = 0; i < length && at + i < bytes.length; i++) {
            bytes[at + i] = (byte) (value >>> (8 * i));
        }
    }
}
