package io.quorate.peer.format;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DecisionTextTest {
    private static final String AGREED = """
            {"status":"agreed","consensus":"use Express","consensusPeer":1,"reason":"3 of 4 peers gave the same answer, quorum is 3",
             "support":[0,1,2],"agreement":0.75,"strength":0.7421,"influence":{"0":0.3,"1":0.3,"2":0.3,"3":0.1},
             "byzantine":[3],"byzantineDistances":{"3":12.3456},"decisionNanos":4200000,"executionNanos":123456,
             "kernel":{"name":"vector","bits":256},
             "certificate":[{"peer":0,"digest":"00112233445566778899aabb","signature":"x"},{"peer":2,"digest":"00112233445566778899aabb","signature":"y"}]}
            """;

    @Test
    void shouldShowEveryPartOfADecision() {
        assertThat(DecisionText.of(JsonLine.read(AGREED), id -> "peer-" + id)).isEqualTo("""
                          status      AGREED
                          why         3 of 4 peers gave the same answer, quorum is 3
                          consensus   use Express [peer-1]
                          influence   peer-0   30.0 %  █████████▋
                                      peer-1   30.0 %  █████████▋
                                      peer-2   30.0 %  █████████▋
                                      peer-3   10.0 %  ███▎
                          support     peer-0, peer-1, peer-2
                          agreement   0.750   strength 0.742
                          byzantine   peer-3 (distance 12.346)
                          latency     decided in 4.20 ms; computed in 0.12 ms; kernels vector, 256 bit
                          certificate digest 0011223344556677... signed by peer-0, peer-2
                        """);
    }

    @Test
    void shouldSayWhoseGroupWasLargestWithoutQuorum() {
        final String text = DecisionText.of(
                JsonLine.read("{\"status\":\"no-quorum\",\"consensus\":null,\"consensusPeer\":null,\"support\":[0],"
                        + "\"agreement\":0.25,\"strength\":0.25,\"byzantine\":[]}"),
                id -> id);
        assertThat(text).contains("NO QUORUM", "0 (the largest group)", "byzantine   nobody");
        assertThat(text).doesNotContain("consensus", "certificate", "latency");
    }

    @Test
    void shouldKeepTerminalsSafeFromAnswers() {
        assertThat(DecisionText.printable(" a\u001b[2Jb\r\n\tc\u202Ed\u0000 ")).isEqualTo("a[2Jb cd");
    }

    @Test
    void shouldBreakLongLines() {
        final String text = DecisionText.of(
                JsonLine.read("{\"status\":\"agreed\",\"consensus\":\"" + "word ".repeat(200)
                        + "\",\"consensusPeer\":0,\"support\":[0],\"agreement\":1,\"strength\":1}"),
                id -> id);
        assertThat(text.lines()).allMatch(line -> line.length() <= 90);
        assertThat(text).contains("...");
    }
}
