package io.quorate.engine.membership;

import io.quorate.engine.membership.ProbeSchedule.Kind;
import io.quorate.engine.membership.ProbeSchedule.Probe;
import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.MembershipCounter;

/**
 * Pings, and what follows when no ack comes: helpers, accusations, the guard's roll call. Called by {@link Swim} alone.
 * docs/protocols/membership.md, sections 3 and 6.
 */
final class Prober {
    private static final int HEALTH_WORST = 8;

    /** A helper reports after this many tenths of the time for an ack, so that its report comes in time. */
    private static final long HELPERS_TENTHS = 8;

    private static final int SOUNDINGS = 3;

    private final MembershipContext context;
    private final long periodNs;
    private final long ackNs;
    private final MemberTable table;
    private final PartitionGuard guard;
    private final ProbeSchedule schedule;
    private final SelfRecord self;
    private final Accusations accusations;
    private final News news;
    private final Reputation reputation;
    private final MembershipPublisher publisher;
    private final Counters<MembershipCounter> counters;

    /** How much this member distrusts itself, 0 to 8 (Lifeguard, section 3). */
    private int health;

    private final int[] sounded = new int[SOUNDINGS];
    private long soundedNs;
    private long calledNs;
    private long calledLostNs;

    Prober(
            final MembershipContext context,
            final MemberTable table,
            final PartitionGuard guard,
            final ProbeSchedule schedule,
            final SelfRecord self,
            final Accusations accusations,
            final News news,
            final Reputation reputation,
            final MembershipPublisher publisher,
            final Counters<MembershipCounter> counters) {
        this.context = context;
        this.table = table;
        this.guard = guard;
        this.schedule = schedule;
        this.self = self;
        this.accusations = accusations;
        this.news = news;
        this.reputation = reputation;
        this.publisher = publisher;
        this.counters = counters;
        periodNs = context.periodNs();
        ackNs = context.ackNs();
        calledNs = -periodNs;
        calledLostNs = -periodNs;
    }

    void start(final long nowNs) {
        calledNs = nowNs - periodNs;
        calledLostNs = calledNs;
        soundedNs = calledNs;
    }

    void shift(final long byNs) {
        calledNs += byNs;
        soundedNs += byNs;
        calledLostNs += byNs;
    }

    /** How much this member distrusts itself: 0 to 8. */
    int health() {
        return health;
    }

    /** Every probe under way is void: it says more of this member than of its subject. */
    void onStopped(final long lateNs, final long nowNs) {
        health = Math.min(HEALTH_WORST, health + 2);
        for (int i = schedule.underWayCount() - 1; i >= 0; i--) {
            final Probe probe = schedule.underWay(i);
            if (probe.kind == Kind.CONFIRM) {
                probe.isPatient = false;
                probe.deadlineNs = nowNs + ackNs;
                sendPing(probe.subjectId, probe.number);
            } else {
                schedule.release(schedule.end(i));
            }
        }
        if (lateNs > 2 * ackNs) {
            guard.distrustAll(nowNs);
            callRoll(nowNs, true);
        }
    }

    private long stretched(final long timeNs) {
        return timeNs + timeNs * health / HEALTH_WORST;
    }

    /** It is a member's turn. With one more lost this member may not write: it looks at all, every second time. */
    void probe(final int subjectId, final long nowNs) {
        if (guard.lostCount() > 0 && guard.reachedCount() == guard.needed() && nowNs - calledNs > 3 * periodNs / 2) {
            callRoll(nowNs, false);
        }
        if (subjectId >= 0 && schedule.find(Kind.DIRECT, subjectId) == null) {
            counters.increment(MembershipCounter.PROBES);
            ping(Kind.DIRECT, subjectId, stretched(ackNs), nowNs);
        }
    }

    /** Looks for a member that is lost. */
    void search(final int subjectId, final long nowNs) {
        if (subjectId >= 0 && !schedule.isUnderWay(subjectId)) {
            ping(Kind.SEARCH, subjectId, ackNs, nowNs);
        }
    }

    /** Finds out whether a member is reached. */
    void call(final int subjectId, final long nowNs) {
        if (!schedule.isUnderWay(subjectId)) {
            ping(Kind.CALL, subjectId, ackNs, nowNs);
        }
    }

    private void ping(final Kind kind, final int subjectId, final long patienceNs, final long nowNs) {
        final Probe probe = schedule.begin(kind, subjectId, nowNs + patienceNs);
        if (probe != null) {
            probe.sentNs = nowNs;
            sendPing(subjectId, probe.number);
        }
    }

    private void sendPing(final int subjectId, final int number) {
        publisher.ping(
                subjectId,
                number,
                self.incarnation(),
                table.incarnation(subjectId),
                accusations.flagsFor(subjectId),
                table.hash());
        accusations.ride(subjectId);
    }

    /** Concludes from every probe whose time is over. */
    void expire(final long nowNs) {
        for (int i = schedule.underWayCount() - 1; i >= 0; i--) {
            final Probe probe = schedule.underWay(i);
            if (probe.deadlineNs > nowNs) {
                continue;
            }
            if (probe.kind == Kind.CONFIRM && !probe.isPatient) {
                // The guard need not wait as long as the subject may; one lost packet proves nothing.
                probe.isPatient = true;
                probe.deadlineNs += context.confirmNs() - ackNs;
                sendPing(probe.subjectId, probe.number);
                onUnreached(probe.subjectId, nowNs);
                continue;
            }
            if (probe.kind == Kind.DIRECT && !probe.isHeard && askHelpers(probe, nowNs)) {
                onUnreached(probe.subjectId, nowNs);
                continue;
            }
            schedule.end(i);
            conclude(probe, nowNs);
            schedule.release(probe);
        }
    }

    /** Turns a probe without an ack into one by helpers; false if there is nobody to help. */
    private boolean askHelpers(final Probe probe, final long nowNs) {
        counters.increment(MembershipCounter.PROBES_UNANSWERED);
        probe.helperCount = news.choose(probe.helpers, context.helpers(), probe.subjectId);
        probe.kind = Kind.INDIRECT;
        probe.deadlineNs = nowNs + stretched(ackNs);
        for (int i = 0; i < probe.helperCount; i++) {
            publisher.pingRequest(probe.helpers[i], probe.number, probe.subjectId);
        }
        return probe.helperCount > 0;
    }

    /** A probe ended without an ack. */
    private void conclude(final Probe probe, final long nowNs) {
        switch (probe.kind) {
            case HELP -> {
                publisher.pingReport(probe.askerId, probe.askerNumber, probe.subjectId, false);
                onUnreached(probe.subjectId, nowNs);
            }
            case DIRECT, CALL, SEARCH -> onUnreached(probe.subjectId, nowNs);
            case CONFIRM -> {
                onUnreached(probe.subjectId, nowNs);
                if (!probe.isHeard) {
                    accuse(probe.subjectId, nowNs);
                }
            }
            case INDIRECT -> {
                onUnreached(probe.subjectId, nowNs);
                blameSilentHelpers(probe, nowNs);
                final int unanswered = probe.reports - probe.answered;
                if (probe.helperCount > 0 && probe.reports == 0) {
                    // Nobody at all is heard: the fault may be here.
                    health = Math.min(HEALTH_WORST, health + 1);
                    callRoll(nowNs, false);
                } else if (!probe.isHeard && unanswered >= probe.answered) {
                    accuse(probe.subjectId, nowNs);
                }
            }
        }
    }

    /** A helper that says nothing at all does not help, or is not reached. */
    private void blameSilentHelpers(final Probe probe, final long nowNs) {
        for (int i = 0; probe.reports > 0 && i < probe.helperCount; i++) {
            if (probe.helpers[i] >= 0) {
                call(probe.helpers[i], nowNs);
                reputation.onEvidence(probe.helpers[i], Reputation.Evidence.SILENT_HELPER);
            }
        }
    }

    private void accuse(final int subjectId, final long nowNs) {
        final boolean isFirst = accusations.accuse(subjectId, nowNs);
        settle(subjectId, nowNs);
        if (isFirst) {
            onTrouble(nowNs);
        }
    }

    void settle(final int subjectId, final long nowNs) {
        if (accusations.settle(subjectId, nowNs)) {
            news.add(subjectId);
        }
    }

    private void onUnreached(final int subjectId, final long nowNs) {
        if (guard.onLost(subjectId, nowNs)) {
            onTrouble(nowNs);
        }
    }

    /** A member is in trouble: a few others are sounded; with a second one in trouble it may be a split, and the roll is called. */
    void onTrouble(final long nowNs) {
        int count = 0;
        for (int index = 1; count < 2 && index < guard.panelCount(); index++) {
            final int memberId = guard.panelMember(index);
            count += table.isPresent(memberId) && (guard.isLost(memberId) || accusations.isOpen(memberId)) ? 1 : 0;
        }
        if (count >= 2) {
            callRoll(nowNs, false);
        } else if (count == 1 && nowNs - soundedNs >= periodNs) {
            soundedNs = nowNs;
            final int soundings = news.choose(sounded, sounded.length, -1);
            for (int i = 0; i < soundings; i++) {
                call(sounded[i], nowNs);
            }
        }
    }

    /** Pings the whole panel, at most once a period. */
    void callRoll(final long nowNs, final boolean isForced) {
        if (!isForced && nowNs - calledNs < periodNs) {
            return;
        }
        calledNs = nowNs;
        counters.increment(MembershipCounter.ROLL_CALLS);
        for (int index = 1; index < guard.panelCount(); index++) {
            final int memberId = guard.panelMember(index);
            // Whoever is counted as reached is asked too, though others have proven it faulty.
            if ((table.isPresent(memberId) || !guard.isLost(memberId)) && !schedule.isUnderWay(memberId)) {
                ping(Kind.CALL, memberId, ackNs, nowNs);
            }
        }
    }

    /** One that was lost is back: perhaps all are. */
    void callLost(final long nowNs) {
        if (nowNs - calledLostNs < periodNs / 2) {
            return;
        }
        calledLostNs = nowNs;
        for (int index = 1; index < guard.panelCount(); index++) {
            final int memberId = guard.panelMember(index);
            if (table.record(memberId) != null
                    && schedule.isLost(memberId, table, guard)
                    && !schedule.isUnderWay(memberId)) {
                ping(Kind.CALL, memberId, ackNs, nowNs);
            }
        }
    }

    /** An ack came: every probe of its sender has its answer. */
    void onAck(final int senderId, final long nowNs) {
        for (int i = schedule.underWayCount() - 1; i >= 0; i--) {
            final Probe probe = schedule.underWay(i);
            if (probe.subjectId == senderId) {
                schedule.end(i);
                if (probe.kind == Kind.DIRECT) {
                    table.answered(senderId, nowNs - probe.sentNs, nowNs);
                }
                onAnswered(probe);
                schedule.release(probe);
            }
        }
        accusations.onAnswered(senderId, nowNs);
        if (guard.onReached(senderId, nowNs)) {
            callLost(nowNs);
        }
    }

    private void onAnswered(final Probe probe) {
        switch (probe.kind) {
            case HELP -> publisher.pingReport(probe.askerId, probe.askerNumber, probe.subjectId, true);
            case CONFIRM -> accusations.acquit(probe.subjectId);
            case DIRECT -> health = Math.max(0, health - 1);
            case INDIRECT, CALL, SEARCH -> {}
        }
    }

    void onPingRequest(final int askerId, final int number, final int subjectId, final long nowNs) {
        if (subjectId == context.selfId()) {
            publisher.pingReport(askerId, number, subjectId, true);
        } else if (schedule.mayHelp(askerId)) {
            final Probe probe = schedule.begin(Kind.HELP, subjectId, nowNs + ackNs * HELPERS_TENTHS / 10);
            if (probe != null) {
                probe.askerId = askerId;
                probe.askerNumber = number;
                sendPing(subjectId, probe.number);
            }
        }
    }

    void onPingReport(
            final int helperId, final int number, final int subjectId, final boolean isAnswered, final long nowNs) {
        final Probe probe = schedule.find(Kind.INDIRECT, subjectId);
        if (probe == null || probe.number != number) {
            return;
        }
        for (int i = 0; i < probe.helperCount; i++) {
            if (probe.helpers[i] == helperId) {
                probe.helpers[i] = -1;
                probe.reports++;
                probe.answered += isAnswered ? 1 : 0;
                probe.deadlineNs = probe.reports == probe.helperCount ? nowNs : probe.deadlineNs;
            }
        }
    }

    /** Others accuse a member: an observer probes it once itself, and gives it time. */
    void confirm(final int subjectId, final long nowNs) {
        if (table.isPresent(subjectId)
                && accusations.isObserver(subjectId, context.selfId())
                && !accusations.isAccused(subjectId)
                && schedule.find(Kind.CONFIRM, subjectId) == null) {
            counters.increment(MembershipCounter.CONFIRMATIONS);
            ping(Kind.CONFIRM, subjectId, ackNs, nowNs);
        }
    }
}
