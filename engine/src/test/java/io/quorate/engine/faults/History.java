package io.quorate.engine.faults;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Everything that the peers of a group said and heard while faults happened, and the judge of it. What must hold: peers agree on
 * each decision; what was acknowledged is in it; nothing else is; nothing ran twice; what ended before something else began stands
 * before it in the order; and what peers answer at the end is what was decided. Any thread may add.
 */
final class History {
    /** A round as the certified decision of some peer has it. */
    private record Decided(long timeNs, long sequence, String digest, Map<Integer, String> contributors) {}

    /** What a peer answered at the end. */
    private record Answer(int peer, String standing, long version, String digest) {}

    private final Map<String, Map<Integer, String>> submitted = new LinkedHashMap<>();
    private final Map<String, Long> firstSubmitted = new HashMap<>();
    private final Map<String, List<Integer>> acknowledged = new LinkedHashMap<>();
    private final Map<String, Decided> decided = new LinkedHashMap<>();
    private final Map<String, List<Answer>> answers = new LinkedHashMap<>();
    private final List<String> violations = new ArrayList<>();

    /** A peer is about to contribute. */
    synchronized void submitted(final long timeNs, final int peer, final String round, final String outputDigest) {
        final String before =
                submitted.computeIfAbsent(round, name -> new HashMap<>()).putIfAbsent(peer, outputDigest);
        if (before != null) {
            throw new IllegalArgumentException("the test lets peer " + peer + " contribute twice to " + round);
        }
        firstSubmitted.merge(round, timeNs, Math::min);
    }

    /** The group told a peer what became of its contribution. */
    synchronized void outcome(final int peer, final String round, final String outcome) {
        switch (outcome) {
            case "ACCEPTED" ->
                acknowledged.computeIfAbsent(round, name -> new ArrayList<>()).add(peer);
            // Contributed once, so the first one must have run before.
            case "DUPLICATE", "CONFLICT" ->
                violations.add("the contribution of peer " + peer + " to " + round + " ran twice: " + outcome);
            case "ROUND_CLOSED", "ROUNDS_EXHAUSTED" -> {
                return;
            }
            default -> violations.add("the contribution of peer " + peer + " to " + round + " was " + outcome);
        }
    }

    /** A peer has a certified decision. */
    synchronized void decided(
            final long timeNs,
            final int peer,
            final String round,
            final long sequence,
            final String digest,
            final Map<Integer, String> contributors) {
        final Decided now = new Decided(timeNs, sequence, digest, contributors);
        final Decided before = decided.putIfAbsent(round, now);
        if (before != null) {
            if (!before.digest().equals(digest) || before.sequence() != sequence) {
                violations.add("peer " + peer + " has another decision of " + round + " than a peer before it");
            }
            if (timeNs < before.timeNs()) {
                decided.put(round, now);
            }
        }
    }

    /** What a peer answers about a round when all is over. */
    synchronized void answered(
            final int peer, final String round, final String standing, final long version, final String digest) {
        answers.computeIfAbsent(round, name -> new ArrayList<>()).add(new Answer(peer, standing, version, digest));
    }

    synchronized boolean isDecided(final String round) {
        return decided.containsKey(round);
    }

    /** Rounds to which somebody contributed, the oldest first. */
    synchronized List<String> rounds() {
        return new ArrayList<>(submitted.keySet());
    }

    synchronized int answerCount(final String round) {
        return answers.getOrDefault(round, List.of()).size();
    }

    synchronized int decidedCount() {
        return decided.size();
    }

    synchronized int acknowledgedCount() {
        return acknowledged.values().stream().mapToInt(List::size).sum();
    }

    /** Everything that must not be, a line each; empty if all is well. */
    synchronized List<String> judge() {
        final List<String> found = new ArrayList<>(violations);
        acknowledged.forEach((round, peers) -> judgeAcknowledged(round, peers, found));
        decided.forEach((round, decision) -> judgeDecision(round, decision, found));
        answers.forEach((round, given) -> judgeAnswers(round, given, found));
        judgeOrder(found);
        return found;
    }

    private void judgeAcknowledged(final String round, final List<Integer> peers, final List<String> found) {
        final Decided decision = decided.get(round);
        for (final int peer : peers) {
            if (decision != null && !decision.contributors().containsKey(peer)) {
                found.add("the acknowledged contribution of peer " + peer + " to " + round + " is lost");
            }
        }
    }

    private void judgeDecision(final String round, final Decided decision, final List<String> found) {
        decision.contributors().forEach((peer, outputDigest) -> {
            final String said = submitted.getOrDefault(round, Map.of()).get(peer);
            if (!outputDigest.equals(said)) {
                found.add("peer " + peer + " never said what the decision of " + round + " has it say");
            }
        });
    }

    private void judgeAnswers(final String round, final List<Answer> given, final List<String> found) {
        final Decided decision = decided.get(round);
        final Answer first = given.get(0);
        for (final Answer answer : given) {
            if (!answer.digest().equals(first.digest()) || answer.version() != first.version()) {
                found.add("peers " + first.peer() + " and " + answer.peer() + " answer differently about " + round);
            }
            final boolean isClosed =
                    answer.standing().equals("AGREED") || answer.standing().equals("NO_QUORUM");
            if (acknowledged.containsKey(round) && !isClosed) {
                found.add(round + ", to which contributions were acknowledged, is " + answer.standing() + " at peer "
                        + answer.peer());
            }
            if (decision != null
                    && (!answer.digest().equals(decision.digest()) || answer.version() != decision.sequence())) {
                found.add("peer " + answer.peer() + " answers about " + round + " what was not decided");
            }
        }
    }

    /** If a round was decided before anybody contributed to another one, its sequence is the lower one. */
    private void judgeOrder(final List<String> found) {
        final List<Map.Entry<String, Decided>> byTime = new ArrayList<>(decided.entrySet());
        byTime.sort((a, b) -> Long.compare(a.getValue().timeNs(), b.getValue().timeNs()));
        final List<Map.Entry<String, Decided>> byStart = new ArrayList<>(decided.entrySet());
        byStart.sort((a, b) -> Long.compare(start(a.getKey()), start(b.getKey())));
        long highest = Long.MIN_VALUE;
        int ended = 0;
        for (final Map.Entry<String, Decided> later : byStart) {
            while (ended < byTime.size() && byTime.get(ended).getValue().timeNs() < start(later.getKey())) {
                highest = Math.max(highest, byTime.get(ended).getValue().sequence());
                ended++;
            }
            if (later.getValue().sequence() <= highest) {
                found.add(later.getKey() + " began after a round with a sequence of " + highest
                        + " was decided, and has " + later.getValue().sequence());
            }
        }
    }

    private long start(final String round) {
        return firstSubmitted.getOrDefault(round, Long.MAX_VALUE);
    }
}
