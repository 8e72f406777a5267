package io.quorate.engine.membership;

import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.MembershipCounter;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * How what one member learns comes to all: news goes on once, to a few others, and what got lost is found by comparing tables,
 * whose differences alone are sent (Demers and others, PODC 1987: rumor mongering, and anti-entropy behind it).
 *
 * <p>docs/protocols/membership.md, section 5.
 */
final class News {
    /** Members share the time of their last comparison by id. */
    private static final int CELLS = 64;

    private static final int ANSWERS_PER_PERIOD = 16;

    private final MembershipContext context;
    private final MemberTable table;
    private final Suspicion[] suspicions;
    private final FailureQuorum failureQuorum;
    private final MembershipPublisher publisher;
    private final Reputation reputation;
    private final RandomGenerator random;
    private final Counters<MembershipCounter> counters;
    private final int[] fresh;
    private final boolean[] isFresh;
    private final int[] chosen = new int[ProbeSchedule.HELPERS_MAX];
    private final long[] answeredNs = new long[CELLS];
    private int freshCount;
    private long comparedNs;

    News(
            final MembershipContext context,
            final MemberTable table,
            final Suspicion[] suspicions,
            final FailureQuorum failureQuorum,
            final MembershipPublisher publisher,
            final Reputation reputation,
            final RandomGenerator random,
            final Counters<MembershipCounter> counters) {
        this.context = context;
        this.table = table;
        this.suspicions = suspicions;
        this.failureQuorum = failureQuorum;
        this.publisher = publisher;
        this.reputation = reputation;
        this.random = random;
        this.counters = counters;
        fresh = new int[context.memberCount()];
        isFresh = new boolean[context.memberCount()];
        comparedNs = -context.periodNs();
        Arrays.fill(answeredNs, -context.periodNs());
    }

    /** What is known of this member is new. */
    void add(final int memberId) {
        if (!isFresh[memberId]) {
            isFresh[memberId] = true;
            fresh[freshCount++] = memberId;
        }
    }

    boolean isEmpty() {
        return freshCount == 0;
    }

    /** Hands everything new to a few members, once. */
    void pass() {
        final int targets = choose(chosen, context.newsFanout(), -1);
        for (int i = 0; i < targets; i++) {
            for (int j = 0; j < freshCount; j++) {
                add(chosen[i], fresh[j]);
            }
            publisher.records(chosen[i]);
        }
        for (int j = 0; j < freshCount; j++) {
            isFresh[fresh[j]] = false;
        }
        freshCount = 0;
    }

    /** Adds the record of a member to the message in hand, and sends its certificate if it is faulty. */
    private void add(final int toId, final int memberId) {
        final Member record = table.record(memberId);
        if (record == null) {
            return;
        }
        publisher.addRecord(toId, record);
        if (table.state(memberId) == MemberTable.State.FAULTY && suspicions[memberId] != null) {
            publisher.records(toId);
            publisher.accusations(toId, memberId, suspicions[memberId], failureQuorum);
        }
    }

    /** Sends all that is known. */
    void sendTable(final int toId) {
        for (int memberId = 0; memberId < table.memberCount(); memberId++) {
            add(toId, memberId);
        }
        publisher.records(toId);
    }

    /** Another member knows something else: compares tables, once in half a period at most. */
    void compare(final int otherId, final long nowNs) {
        if (nowNs - comparedNs >= context.periodNs() / 2) {
            comparedNs = nowNs;
            counters.increment(MembershipCounter.TABLES_COMPARED);
            publisher.tableDigest(otherId, true, table);
        }
    }

    /** What may be long is answered to each other member a few times a period only. */
    boolean mayAnswer(final int senderId, final long nowNs) {
        final int cell = senderId % CELLS;
        final boolean may = nowNs - answeredNs[cell] >= context.periodNs() / ANSWERS_PER_PERIOD;
        answeredNs[cell] = may ? nowNs : answeredNs[cell];
        return may;
    }

    /** Another member's hashes: answers with what it lacks or has otherwise. */
    void onTableDigest(final int senderId, final boolean isQuestion, final long[] bucketHashes, final long nowNs) {
        if (isQuestion && !mayAnswer(senderId, nowNs)) {
            return;
        }
        for (int bucket = 0; bucket < MemberTable.BUCKETS; bucket++) {
            if (bucketHashes[bucket] != table.bucketHash(bucket)) {
                for (int memberId = bucket; memberId < table.memberCount(); memberId += MemberTable.BUCKETS) {
                    add(senderId, memberId);
                }
            }
        }
        publisher.records(senderId);
        if (isQuestion) {
            publisher.tableDigest(senderId, false, table);
        }
    }

    /** Draws distinct present members, better ones likelier; returns how many. */
    int choose(final int[] into, final int countMax, final int exceptId) {
        int count = 0;
        final int present = table.presentCount();
        for (int tries = 0; tries < 16 * countMax && count < Math.min(countMax, present); tries++) {
            final int memberId = random.nextInt(table.memberCount());
            if (memberId != context.selfId()
                    && memberId != exceptId
                    && table.isPresent(memberId)
                    && !contains(into, count, memberId)
                    && reputation.favours(memberId, random)) {
                into[count++] = memberId;
            }
        }
        return count;
    }

    private static boolean contains(final int[] ids, final int count, final int memberId) {
        for (int i = 0; i < count; i++) {
            if (ids[i] == memberId) {
                return true;
            }
        }
        return false;
    }

    void shift(final long byNs) {
        comparedNs += byNs;
        for (int cell = 0; cell < CELLS; cell++) {
            answeredNs[cell] += byNs;
        }
    }
}
