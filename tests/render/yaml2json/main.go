// Reads YAML as Go programs do. Each line of the input is a document in base64; the same line of the output has its JSON
// as kubectl and Flux read it, a tab, and its JSON as kustomize does. What is wrong begins with an exclamation mark.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"

	v3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	out := bufio.NewWriter(os.Stdout)
	for lines.Scan() {
		document, err := base64.StdEncoding.DecodeString(lines.Text())
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(out, "%s\t%s\n", shown(yaml.YAMLToJSONStrict(document)), shown(kustomize(document)))
		out.Flush()
	}
}

func kustomize(document []byte) ([]byte, error) {
	var value any
	if err := v3.Unmarshal(document, &value); err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

func shown(document []byte, err error) string {
	if err != nil {
		return fmt.Sprintf("!%q", err)
	}
	return string(document)
}
