package io.quorate.engine.disk;

import io.quorate.engine.checker.SafetyChecker;
import io.quorate.engine.journal.HistoryReader;
import io.quorate.engine.journal.Journal;
import io.quorate.engine.journal.JournalBase;
import io.quorate.engine.journal.JournalHistory;
import io.quorate.engine.journal.JournalIdentity;
import io.quorate.engine.journal.JournalRecord;
import io.quorate.engine.journal.RecordChain;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A journal on a simulated disk that outlives its peer's process: records of production, judged by the reader of production;
 * only the disk itself is made up. A force takes time and covers what waited when it began. A crash keeps what was forced and a
 * random part of the rest; worse can be drawn.
 */
public final class SimJournal implements Journal {
    private static final long FORCE_MIN_NS = 50_000;
    private static final long FORCE_MAX_NS = 400_000;
    private static final int SLOW_PPM = 10_000;
    private static final long SLOW_MAX_NS = 20_000_000;
    private static final int RECORDS_MAX = 600;
    private static final UnsafeBuffer NOTHING = new UnsafeBuffer(new byte[0]);

    /** What a crash does to the disk beyond losing what was not forced. */
    public enum Damage {
        /** Nothing. */
        NONE,
        /** Forced records at the end are gone, though they were reported as durable. */
        LOST,
        /** One bit of what was durable is another. */
        FLIPPED,
        /** One record lies where another should. */
        MISDIRECTED
    }

    /** A disk that is worse than the protocol may assume, for tests of the checkers. */
    public enum Flaw {
        NONE,
        /** Calls durable what is not forced yet. */
        HASTY,
        /** Nobody remembers how much was reported as durable. */
        NO_MARK
    }

    /** Virtual time: calls back after a delay. */
    @FunctionalInterface
    public interface Later {
        void schedule(long delayNs, Runnable action);
    }

    /** One record on the disk, and the number of the entry it belongs to. */
    private record Written(byte[] record, long number) {}

    private final int peerId;
    private final LongSupplier nowNs;
    private final Later later;
    private final RandomGenerator random;
    private final List<List<Written>> files = new ArrayList<>();
    private final RecordChain chain = new RecordChain();
    private JournalIdentity identity;
    private Runnable onDurable;
    private List<Written> file;
    private int life;
    private long number;
    private long durableNumber;
    private long mark;
    private long baseNumber;
    private int recordsSinceBase;
    private boolean isForcing;
    private boolean isBehind;
    private long slowUntilNs;
    private long fullUntilNs;
    private boolean isDamaged;
    private boolean hasSpoken;
    private Flaw flaw = Flaw.NONE;

    /**
     * An empty disk.
     *
     * @param nowNs virtual time
     * @param later how a force ends
     */
    public SimJournal(final int peerId, final LongSupplier nowNs, final Later later, final RandomGenerator random) {
        this.peerId = peerId;
        this.nowNs = nowNs;
        this.later = later;
        this.random = random;
    }

    /** Makes it worse than the protocol may assume. */
    public void flaw(final Flaw newFlaw) {
        flaw = newFlaw;
    }

    /**
     * A process starts: reads and judges what the disk holds, and begins a new file.
     *
     * @param newOnDurable called when more is durable
     * @throws SafetyChecker.Violation if what is whole is found damaged, or the other way round
     */
    public JournalHistory open(final Runnable newOnDurable) {
        life++;
        identity = identity(peerId, life);
        onDurable = newOnDurable;
        final HistoryReader reader = new HistoryReader(identity);
        for (final List<Written> old : files) {
            reader.onFile();
            for (final Written written : old) {
                reader.onRecord(new UnsafeBuffer(written.record()), 0, written.record().length);
            }
        }
        final boolean hadDurable = mark > 0;
        final JournalHistory history = reader.finish(flaw == Flaw.NO_MARK ? 0 : mark, 0);
        if (hadDurable ? history.isIntact() == isDamaged : isDamaged) {
            throw new SafetyChecker.Violation(
                    "journal",
                    "peer " + peerId + " finds its journal " + history.verdict() + " though it is "
                            + (isDamaged ? "damaged " : "whole ") + history.reason());
        }
        if (!history.isIntact()) {
            files.clear();
            mark = 0;
        }
        isDamaged = false;
        number = Math.max(mark, history.lastNumber());
        durableNumber = 0;
        file = new ArrayList<>();
        files.add(file);
        chain.restart();
        isForcing = false;
        isBehind = false;
        recordsSinceBase = 0;
        return history;
    }

    /** The process ends: a random part of what was not forced is on the disk, and what {@code damage} says happens to the rest; true. */
    public boolean crash(final Damage damage) {
        life++;
        int kept = 0;
        while (kept < file.size() && (file.get(kept).number() <= durableNumber || random.nextBoolean())) {
            kept++;
        }
        if (kept < file.size() && random.nextBoolean()) {
            final Written torn = file.get(kept);
            final int length = random.nextInt(torn.record().length);
            file.set(kept, new Written(Arrays.copyOf(torn.record(), length), torn.number()));
            kept++;
        }
        file.subList(kept, file.size()).clear();
        if (mark > 0) {
            harm(damage);
        }
        return true;
    }

    private void harm(final Damage damage) {
        final List<Written> durable =
                files.getFirst().isEmpty() || files.getFirst().getFirst().number() > mark
                        ? files.getLast()
                        : files.getFirst();
        int count = 0;
        while (count < durable.size() && durable.get(count).number() <= mark) {
            count++;
        }
        if (count == 0) {
            return;
        }
        final int index = random.nextInt(count);
        final Written victim = durable.get(index);
        switch (damage) {
            case LOST -> {
                for (final List<Written> each : files) {
                    each.removeIf(written -> written.number() >= victim.number());
                }
            }
            case FLIPPED -> {
                final byte[] record = victim.record().clone();
                record[random.nextInt(record.length)] ^= (byte) (1 << random.nextInt(8));
                durable.set(index, new Written(record, victim.number()));
            }
            case MISDIRECTED -> {
                final byte[] other = new RecordChain()
                        .record(JournalRecord.TYPE_MIN, victim.number(), 0, identity(peerId + 1, life), NOTHING, 0, 0);
                durable.set(index, new Written(other, victim.number()));
            }
            case NONE -> {
                return;
            }
        }
        isDamaged = flaw != Flaw.NO_MARK;
    }

    /** True once anything was durable, in any life: before that no vote can have left. */
    public boolean hasSpoken() {
        return hasSpoken;
    }

    /** Forces take long until then. */
    public void slowUntil(final long untilNs) {
        slowUntilNs = untilNs;
    }

    /** Nothing can be written until then. */
    public void fullUntil(final long untilNs) {
        fullUntilNs = untilNs;
    }

    private static JournalIdentity identity(final int peerId, final int life) {
        return new JournalIdentity(0x5EED_0000L + peerId, life);
    }

    @Override
    public long append(final int type, final DirectBuffer body, final int offset, final int lengthBytes) {
        number++;
        if (hasRoom()) {
            write(type, body, offset, lengthBytes);
            force();
        }
        return number;
    }

    @Override
    public long append(final JournalBase base) {
        number++;
        if (nowNs.getAsLong() < fullUntilNs) {
            isBehind = true;
            return number;
        }
        isBehind = false;
        baseNumber = number;
        recordsSinceBase = 0;
        write(JournalRecord.BASE_BEGIN, NOTHING, 0, 0);
        for (int i = 0; i < base.count(); i++) {
            final JournalBase.Entry entry = base.entry(i);
            write(entry.type(), entry.body(), entry.offset(), entry.lengthBytes());
        }
        write(JournalRecord.BASE_END, NOTHING, 0, 0);
        force();
        return number;
    }

    private boolean hasRoom() {
        isBehind |= nowNs.getAsLong() < fullUntilNs;
        return !isBehind;
    }

    private void write(final int type, final DirectBuffer body, final int offset, final int lengthBytes) {
        recordsSinceBase++;
        file.add(new Written(chain.record(type, number, 0, identity, body, offset, lengthBytes), number));
    }

    private void force() {
        if (isForcing) {
            return;
        }
        isForcing = true;
        final int forcingLife = life;
        final long target = file.getLast().number();
        long delayNs = random.nextLong(FORCE_MIN_NS, FORCE_MAX_NS);
        if (nowNs.getAsLong() < slowUntilNs || random.nextInt(1_000_000) < SLOW_PPM) {
            delayNs += random.nextLong(SLOW_MAX_NS);
        }
        later.schedule(delayNs, () -> {
            if (life == forcingLife) {
                forced(target);
            }
        });
    }

    private void forced(final long target) {
        isForcing = false;
        durableNumber = target;
        mark = target;
        hasSpoken = true;
        if (baseNumber > 0 && baseNumber <= durableNumber) {
            dropBefore();
        }
        if (!file.isEmpty() && file.getLast().number() > durableNumber) {
            force();
        }
        onDurable.run();
    }

    private void dropBefore() {
        files.clear();
        files.add(file);
        final long base = baseNumber;
        file.removeIf(written -> written.number() < base);
        baseNumber = 0;
    }

    @Override
    public long number() {
        return number;
    }

    @Override
    public long durableNumber() {
        return flaw == Flaw.HASTY ? number : durableNumber;
    }

    @Override
    public boolean isBaseWanted() {
        return nowNs.getAsLong() >= fullUntilNs && (isBehind || recordsSinceBase > RECORDS_MAX);
    }

    @Override
    public boolean isMemoryOnly() {
        return false;
    }
}
