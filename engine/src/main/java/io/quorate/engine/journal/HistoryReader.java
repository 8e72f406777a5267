package io.quorate.engine.journal;

import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Reads the records of a journal in order and judges them (docs/protocols/journal.md, section 4). Only records that never
 * became durable may be cut from the end; whatever else is wrong makes the whole journal unusable.
 *
 * <p>A journal is one or more files (recordings), the oldest first; each begins with a base, unless its front was dropped.
 */
public final class HistoryReader {
    private final JournalIdentity identity;
    private final RecordChain chain = new RecordChain();
    private List<JournalBase.Entry> entries;
    private List<JournalBase.Entry> base;
    private long lastNumber;
    private long fileLast;
    private long cutCount;

    /** Of the newest complete base. */
    private long incarnation;

    private String damage = "";
    private boolean isFirst;
    private boolean isTorn;
    private boolean hasRecords;
    private boolean hasFileBase;
    private UnsafeBuffer entry;
    private int entryLength;
    private int entryType;
    private int partsLeft;

    public HistoryReader(final JournalIdentity identity) {
        this.identity = identity;
    }

    /** A file begins. */
    public void onFile() {
        isFirst = true;
        isTorn = false;
        hasFileBase = false;
        base = null;
        entry = null;
        fileLast = 0;
    }

    /** One record of the file, or what stands where one should be. */
    public void onRecord(final DirectBuffer record, final int offset, final int lengthBytes) {
        hasRecords = true;
        if (!JournalRecord.isSound(record, offset, lengthBytes)) {
            isTorn = true;
            cutCount++;
            return;
        }
        final long number = JournalRecord.number(record, offset);
        if (JournalRecord.owner(record, offset) != identity.key()) {
            damage("record " + number + " belongs to another peer, group or epoch");
        } else if (isTorn) {
            damage("a record before record " + number + " is damaged");
        } else if (isFirst) {
            chain.begin(record, offset, lengthBytes);
            isFirst = false;
            take(record, offset, number);
        } else if (!chain.follow(record, offset, lengthBytes)) {
            damage("record " + number + " does not follow the one before it");
        } else {
            take(record, offset, number);
        }
    }

    /** The rest of the file cannot be read. */
    public void onUnreadable(final String why) {
        hasRecords = true;
        damage(why);
    }

    /**
     * The verdict.
     *
     * @param mark highest number that was ever reported durable, from elsewhere; negative if that place is lost or damaged
     * @param incarnationMin of the newest base: an older one shows that this is a copy from before a later start
     */
    public JournalHistory finish(final long mark, final long incarnationMin) {
        if (!damage.isEmpty()) {
            return JournalHistory.damaged(damage);
        }
        if (!hasRecords && mark <= 0) {
            return mark < 0 ? JournalHistory.damaged("the durable mark is damaged") : JournalHistory.empty();
        }
        if (mark < 0) {
            return JournalHistory.damaged("the durable mark is missing or damaged");
        }
        if (lastNumber < mark) {
            return JournalHistory.damaged("it ends at number " + lastNumber + " but number " + mark + " was durable");
        }
        if (entries == null) {
            // Nothing was durable, so nothing was said.
            return JournalHistory.empty();
        }
        if (incarnation < incarnationMin) {
            return JournalHistory.damaged(
                    "its newest base is of start " + incarnation + " but start " + incarnationMin + " wrote one, too");
        }
        return new JournalHistory(JournalHistory.Verdict.INTACT, "", List.copyOf(entries), lastNumber, cutCount);
    }

    boolean hasRecords() {
        return hasRecords;
    }

    private void damage(final String why) {
        damage = damage.isEmpty() ? why : damage;
    }

    private void take(final DirectBuffer record, final int offset, final long number) {
        final int type = JournalRecord.type(record, offset);
        switch (type) {
            case JournalRecord.BASE_BEGIN -> {
                if (number <= Math.max(fileLast, lastNumber)) {
                    damage("base " + number + " comes after number " + Math.max(fileLast, lastNumber));
                }
                base = new ArrayList<>();
                fileLast = number;
                entry = null;
            }
            case JournalRecord.BASE_END -> {
                if (base != null && number == fileLast) {
                    entries = base;
                    hasFileBase = true;
                    base = null;
                    lastNumber = number;
                    incarnation = JournalRecord.incarnation(record, offset);
                }
            }
            default -> takePart(record, offset, type, number);
        }
    }

    private void takePart(final DirectBuffer record, final int offset, final int type, final long number) {
        if (base == null && !hasFileBase) {
            // The front of the file was dropped when a later base took its place.
            fileLast = number;
            return;
        }
        final boolean isPlaced = number == (base == null ? fileLast + 1 : fileLast)
                || (base == null && entry != null && number == fileLast);
        final int length = JournalRecord.bodyLength(record, offset);
        final int left = JournalRecord.partsLeft(record, offset);
        if (entry == null) {
            entry = new UnsafeBuffer(new byte[(left + 1) * JournalRecord.PART_LENGTH_MAX]);
            entryLength = 0;
            entryType = type;
            partsLeft = left + 1;
        }
        if (!isPlaced || type != entryType || left != partsLeft - 1) {
            damage("record " + number + " is out of its place");
            return;
        }
        partsLeft = left;
        entry.putBytes(entryLength, record, offset + JournalRecord.HEADER_LENGTH, length);
        entryLength += length;
        if (base == null) {
            fileLast = number;
        }
        if (left == 0) {
            (base == null ? entries : base).add(new JournalBase.Entry(type, entry, 0, entryLength));
            entry = null;
            if (base == null) {
                lastNumber = number;
            }
        }
    }
}
