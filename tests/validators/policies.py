"""Prints the IAM and resource policies of lambda/template.yaml as JSON.

"functions" maps each function to its role. "roles" has the statements of each role, including attached
policies, and its trust policy. "queues", "buckets" and "topics" have the statements of resource policies.
References have the form of Fn::Sub, for example "${Table.Arn}".
"""
import json
import pathlib

from samtranslator.yaml_helper import yaml_parse

template = yaml_parse((pathlib.Path(__file__).parents[2] / "lambda/template.yaml").read_text())


def plain(value):
    """Replaces intrinsic functions by strings."""
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
            raise ValueError(f"{function} is not supported by policies.py")
    return {key: plain(part) for key, part in value.items()}


def as_list(value):
    return value if isinstance(value, list) else [value]


def statements(document, **origin):
    """Yields the statements of a policy document in a normalized form."""
    for statement in map(plain, as_list(document["Statement"])):
        yield {
            **origin,
            "sid": statement.get("Sid"),
            "effect": statement["Effect"],
            "principal": statement.get("Principal"),
            "actions": as_list(statement["Action"]),
            "resources": as_list(statement.get("Resource", [])),
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
        # Fails for a managed policy that is not in this template, because its statements are unknown.
        sources[policy.strip("${}")] = managed[policy.strip("${}")]["PolicyDocument"]
    for policy, properties in attached.items():
        if f"${{{name}}}" in plain(properties["Roles"]):
            sources[policy] = properties["PolicyDocument"]
    roles[name] = {
        "trust": list(statements(role["AssumeRolePolicyDocument"])),
        "statements": [one for source, document in sources.items() for one in statements(document, policy=source)],
    }


def resource_policies(kind, key):
    """Returns the statements of resource policies by the logical id of the resource."""
    found = {}
    for properties in resources(kind).values():
        for resource in as_list(plain(properties[key])):
            found.setdefault(resource.strip("${}"), []).extend(statements(properties["PolicyDocument"]))
    return found


functions = resources("AWS::Serverless::Function")
print(json.dumps({
    "functions": {name: plain(function["Role"]).strip("${}").removesuffix(".Arn") for name, function in functions.items()},
    "roles": roles,
    "queues": {name: [] for name in resources("AWS::SQS::Queue")} | resource_policies("AWS::SQS::QueuePolicy", "Queues"),
    "buckets": {name: [] for name in resources("AWS::S3::Bucket")} | resource_policies("AWS::S3::BucketPolicy", "Bucket"),
    "topics": {name: [] for name in resources("AWS::SNS::Topic")} | resource_policies("AWS::SNS::TopicPolicy", "Topics"),
}, indent=1))
