package io.quorate.peer.round;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.coordination.Topology;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RoundFileTest {
    private static final String A = "{'id':'a','type':'t','content':'x'}";
    private static final String B = "{'id':'b','type':'t','content':'y'}";

    @Test
    void shouldReadEveryField() throws IOException {
        final RoundFile file = read("{'gossipRounds':5,'heads':2,'faultTolerance':0.2,'grouping':'near',"
                + "'topology':{'connections':[[0,1],[1,0,1],[1,2,0.5],[0,2,0]]},"
                + "'peers':[{'id':'a','type':'t','content':'x','embedding':[1,2.5,-3e-2,1e-45]},"
                + "{'embedding':[4,3,2,1],'content':'y','type':'','id':'b'},"
                + "{'id':'c','type':'t','content':'','embedding':[1,1,1,1]}]}");
        assertThat(file.heads()).isEqualTo(2);
        assertThat(file.faultTolerance()).isEqualTo(0.2);
        assertThat(file.gossipRounds()).isEqualTo(5);
        assertThat(file.grouping()).isEqualTo("near");
        assertThat(file.dimension()).isEqualTo(4);
        assertThat(file.peers().get(0).embedding()).containsExactly(1f, 2.5f, -0.03f, Float.MIN_VALUE);
        assertThat(file.peers().get(1).id()).isEqualTo("b");
        assertThat(file.topology().connectionCount()).isEqualTo(2);
        assertThat(file.topology().connection(0)).isEqualTo(new Topology.Connection(0, 1, 1));
        assertThat(file.topology().connection(1)).isEqualTo(new Topology.Connection(1, 2, 0.5));
    }

    @Test
    void shouldFillDefaults() throws IOException {
        final RoundFile file = read("{'peers':[" + A + "]}");
        assertThat(file.heads()).isEqualTo(8);
        assertThat(file.faultTolerance()).isEqualTo(0.33);
        assertThat(file.gossipRounds()).isEqualTo(3);
        assertThat(file.grouping()).isEqualTo("exact");
        assertThat(file.dimension()).isEqualTo(384);
        assertThat(file.hasEmbeddings()).isFalse();
        assertThat(read("{'peers':[" + A + "," + B + "]}").topology().isComplete())
                .isTrue();
        assertThat(read("{'topology':{'connections':[]},'peers':[" + A + "," + B + "]}")
                        .topology()
                        .connectionCount())
                .isZero();
    }

    @Test
    void shouldReadAFileThatBeginsWithAByteOrderMark() throws IOException {
        assertThat(read("\uFEFF{'peers':[" + A + "]}").peers()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "``|in:1:0: an object belongs here",
                "[]|in:1:1: an object belongs here",
                "{}|the field \"peers\" is missing",
                "{'peers':[]}|in:1:11: peers: is empty",
                "{'mode':1}|in:1:2: unknown field \"mode\", allowed are peers, topology, heads, faultTolerance, gossipRounds, grouping",
                "{'peers':[A],'peers':[B]}|Duplicate Object property \"peers\"",
                "{'peers':[{'id':'a','id':'b'}]}|peers[0]: no valid JSON: Duplicate Object property \"id\"",
                "{'peers':[A,A]}|in:1:53: peers[1].id: \"a\" is the id of an earlier peer",
                "{'peers':[{'id':'a'}]}|in:1:11: peers[0]: the field \"type\" is missing",
                "{'peers':[{'id':1}]}|peers[0].id: a string belongs here, given the number 1",
                "{'peers':[{'id':''}]}|peers[0].id",
                "{'peers':[{'who':1}]}|in:1:12: peers[0]: unknown field \"who\"",
                "{'peers':[{'embedding':[1,NaN]}]}|in:1:27: peers[0].embedding[1]: NaN is not a finite number",
                "{'peers':[{'embedding':[-Infinity]}]}|peers[0].embedding[0]: -Infinity is not a finite number",
                "{'peers':[{'embedding':[3.5e38]}]}|peers[0].embedding[0]: 3.5e38 is beyond float32",
                "{'peers':[{'embedding':[1e999]}]}|peers[0].embedding[0]: 1e999 is beyond float64",
                "{'peers':[{'embedding':['1']}]}|peers[0].embedding[0]: a number belongs here, given a string",
                "{'peers':[{'embedding':[]}]}|peers[0].embedding: is empty",
                "{'peers':[{'embedding':[0,-0.0]}]}|peers[0].embedding: is the zero vector",
                "{'peers':[{'embedding':null}]}|peers[0].embedding: an array of numbers belongs here, given null",
                "{'peers':[{'id':'a','type':'','content':'','embedding':[1,2]},{'embedding':[1]}]}|peers[1].embedding: has 1 numbers, peers[0].embedding has 2",
                "{'peers':[{'id':'a','type':'','content':'','embedding':[1,2]},{'embedding':[1,2,3]}]}|peers[1].embedding[2]: one number too many",
                "{'heads':1,'peers':[{'id':'z','type':'','content':'','embedding':[1,2]},A]}|peers[1]: has no embedding although peers[0] has one",
                "{'heads':1,'peers':[A,{'id':'z','type':'','content':'','embedding':[1,2]}]}|peers[1]: has an embedding although peers[0] has none",
                "{'peers':[A],'heads':7}|in:1:56: heads: 7 heads do not divide the dimension 384",
                "{'peers':[{'id':'z','type':'','content':'','embedding':[1,2]}]}|8 heads (the default) do not divide the dimension 2",
                "{'heads':0}|heads: a whole number from 1 to 32768, given 0",
                "{'heads':99999999999}|heads: a whole number from 1 to 32768, given 99999999999",
                "{'heads':2.0}|heads: a whole number belongs here, given the number 2.0",
                "{'faultTolerance':1.01}|faultTolerance: a share from 0 to 1, given 1.01",
                "{'gossipRounds':-1}|gossipRounds: a whole number from 0 to 1000, given -1",
                "{'grouping':'fuzzy'}|grouping: \"exact\" or \"near\", given \"fuzzy\"",
                "{'peers':[A,B],'topology':{'connections':[[0,2]]}}|topology.connections[0]: peer 2 is not in the list",
                "{'peers':[A,B],'topology':{'connections':[[1,1]]}}|topology.connections[0]: connects peer 1 with itself",
                "{'peers':[A,B],'topology':{'connections':[[0,-1]]}}|topology.connections[0][1]: a whole number from 0 to 199",
                "{'peers':[A,B],'topology':{'connections':[[0,1,-2]]}}|topology.connections[0][2]: a weight is 0 or more, given -2",
                "{'peers':[A,B],'topology':{'connections':[[0,1,NaN]]}}|topology.connections[0][2]: NaN is not a finite number",
                "{'peers':[A,B],'topology':{'connections':[[0,1],[1,0,2]]}}|topology.connections[1]: gives peers 0 and 1 the weight 2.0, an earlier one 1.0",
                "{'peers':[A,B],'topology':{'connections':[[0]]}}|topology.connections[0]: a connection has at least from and to",
                "{'peers':[A,B],'topology':{'edges':[]}}|topology: unknown field \"edges\"",
                "{'peers':[{'id':'a','type':'t','content':' '}]}|peers[0].content: has no character that is not white space",
                "{'peers':[{'id':'a','type':'t','content':'\\ud800'}]}|peers[0].content: half a surrogate pair",
                "{'peers':[{'type':'a\\u0000'}]}|peers[0].type: at most 64 bytes",
                "\u0093NUMPY|is no JSON; a round is {",
                "hello|is no JSON; a round is {",
                "{'peers':[A]} x|no valid JSON",
                "{'peers':[A]}{}|something follows the end of the object",
                "{'peers':[A|no valid JSON"
            })
    void shouldNameThePlaceOfWhatIsWrong(final String text, final String message) {
        assertThatThrownBy(() -> read(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("in:")
                .hasMessageContaining(message)
                .message()
                .doesNotContain("\n");
    }

    @Test
    void shouldRefuseMorePeersThanAGroupHas() {
        final StringBuilder peers = new StringBuilder();
        for (int i = 0; i <= 200; i++) {
            peers.append(i == 0 ? "" : ",").append("{'id':'p").append(i).append("','type':'t','content':'x'}");
        }
        assertThatThrownBy(() -> read("{'peers':[" + peers + "]}"))
                .hasMessageContaining("peers[200]")
                .hasMessageContaining("at most 200 peers");
    }

    @Test
    void shouldKeepErrorsToOneShortLine() {
        assertThatThrownBy(() -> read("{'" + "x\\u001b[31m\\n".repeat(1000) + "':1}"))
                .message()
                .hasSizeLessThan(300)
                .doesNotContain("\u001b")
                .doesNotContain("\n");
    }

    /** Single quotes stand for double ones, A and B for two peers. */
    private static RoundFile read(final String text) throws IOException {
        final String json = text.replace("[A", "[" + A)
                .replace(",A", "," + A)
                .replace(",B", "," + B)
                .replace("[B", "[" + B)
                .replace('\'', '"');
        return RoundFile.read(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), "in");
    }
}
