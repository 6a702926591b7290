"""Prints who may do what after the template, as JSON: the statements of every role with those of the policies attached to it,
who may assume it, and the policies of queues, buckets and topics. References read as in Fn::Sub: "${Table.Arn}"."""
import json
import pathlib

from samtranslator.yaml_helper import yaml_parse

template = yaml_parse((pathlib.Path(__file__).parents[2] / "lambda/template.yaml").read_text())


def plain(value):
    """A value with its intrinsic functions written out."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    match list(value.items()):
        case [("Ref", name)]:
            return f"${{{name}}}"
        case [("Fn::GetAtt", [*path])]:
            return f"${{{'.'.join(path)}}}"
        case [("Fn::Sub", text)]:
            return text
        case [("Fn::Join", [separator, parts])]:
            return separator.join(plain(parts))
        case [("Fn::Select", [index, {"Fn::Split": [separator, text]}])]:
            return f"${{{plain(text)}.split({separator}).{index}}}"
        case [(function, _)] if function.startswith("Fn::"):
            raise ValueError(f"{function} is unknown here")
    return {key: plain(part) for key, part in value.items()}


def listed(value):
    return value if isinstance(value, list) else [value]


def statements(document, **origin):
    """The statements of a policy document, all in one shape."""
    for statement in map(plain, listed(document["Statement"])):
        yield {
            **origin,
            "sid": statement.get("Sid"),
            "effect": statement["Effect"],
            "principal": statement.get("Principal"),
            "actions": listed(statement["Action"]),
            "resources": listed(statement.get("Resource", [])),
            "conditions": statement.get("Condition", {}),
        }


def resources(*types):
    return {name: item.get("Properties", {}) for name, item in template["Resources"].items() if item["Type"] in types}


managed = resources("AWS::IAM::ManagedPolicy")
attached = resources("AWS::IAM::Policy")
roles = {}
for name, role in resources("AWS::IAM::Role").items():
    sources = {policy["PolicyName"]: policy["PolicyDocument"] for policy in role.get("Policies", [])}
    for policy in map(plain, role.get("ManagedPolicyArns", [])):
        # One that is not of this template fails here: its statements are not known.
        sources[policy.strip("${}")] = managed[policy.strip("${}")]["PolicyDocument"]
    for policy, properties in attached.items():
        if f"${{{name}}}" in plain(properties["Roles"]):
            sources[policy] = properties["PolicyDocument"]
    roles[name] = {
        "trust": list(statements(role["AssumeRolePolicyDocument"])),
        "statements": [one for source, document in sources.items() for one in statements(document, policy=source)],
    }


def of_resources(kind, key):
    """Resource policies by the resources they are of."""
    found = {}
    for properties in resources(kind).values():
        for resource in listed(plain(properties[key])):
            found.setdefault(resource.strip("${}"), []).extend(statements(properties["PolicyDocument"]))
    return found


functions = resources("AWS::Serverless::Function")
print(json.dumps({
    "functions": {name: plain(function["Role"]).strip("${}").removesuffix(".Arn") for name, function in functions.items()},
    "roles": roles,
    "queues": {name: [] for name in resources("AWS::SQS::Queue")} | of_resources("AWS::SQS::QueuePolicy", "Queues"),
    "buckets": {name: [] for name in resources("AWS::S3::Bucket")} | of_resources("AWS::S3::BucketPolicy", "Bucket"),
    "topics": {name: [] for name in resources("AWS::SNS::Topic")} | of_resources("AWS::SNS::TopicPolicy", "Topics"),
}, indent=1))
